package dev.cofferdam.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class MailboxTest {
  private final List<String> ran = new ArrayList<>();

  @Test
  void aTaskThatTheExecutorHasNoRoomForRunsAllTheSame() {
    Mailbox mailbox =
        new Mailbox(
            task -> {
              throw new RejectedExecutionException("full");
            });

    mailbox.execute(() -> ran.add("worker lost"));
    mailbox.execute(() -> ran.add("deadline"));

    assertThat(ran).containsExactly("worker lost", "deadline");
  }

  @Test
  void tasksBehindOneThatBreaksOffRun() {
    Mailbox mailbox = new Mailbox(Runnable::run);

    assertThatThrownBy(
            () ->
                mailbox.execute(
                    () -> {
                      mailbox.execute(() -> ran.add("behind it"));
                      throw new StackOverflowError();
                    }))
        .isInstanceOf(StackOverflowError.class);
    mailbox.execute(() -> ran.add("deadline"));

    assertThat(ran).containsExactly("behind it", "deadline");
  }
}
