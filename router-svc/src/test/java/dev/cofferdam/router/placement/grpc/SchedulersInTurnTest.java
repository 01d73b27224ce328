package dev.cofferdam.router.placement.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SchedulersInTurnTest {
  private static final Map<String, Channel> CHANNELS = Map.of("a", new Named(), "b", new Named());
  private final Schedulers schedulers =
      new SchedulersInTurn(pool -> List.of("a", "b"), CHANNELS::get);

  private static final class Named extends Channel {
    @Override
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
      throw new AssertionError("nobody is called here");
    }

    @Override
    public String authority() {
      return "";
    }
  }

  @Test
  void theSameSchedulerIsAskedUntilItFails() {
    assertThat(schedulers.of("p")).isSameAs(CHANNELS.get("a")).isSameAs(schedulers.of("p"));
    schedulers.failed("p", CHANNELS.get("a"));
    assertThat(schedulers.of("p")).isSameAs(CHANNELS.get("b"));
    assertThat(schedulers.of("other pool")).isSameAs(CHANNELS.get("a"));
  }

  @Test
  void callsThatFailTogetherTurnToTheNextOnce() {
    schedulers.failed("p", CHANNELS.get("a"));
    schedulers.failed("p", CHANNELS.get("a"));
    assertThat(schedulers.of("p")).isSameAs(CHANNELS.get("b"));
    schedulers.failed("p", CHANNELS.get("b"));
    assertThat(schedulers.of("p")).isSameAs(CHANNELS.get("a"));
  }
}
