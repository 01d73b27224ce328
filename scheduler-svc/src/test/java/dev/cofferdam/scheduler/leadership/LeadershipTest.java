package dev.cofferdam.scheduler.leadership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.scheduler.leadership.Leadership.Change;
import dev.cofferdam.scheduler.leadership.PoolLeases.Claim;
import org.junit.jupiter.api.Test;

class LeadershipTest {
  private final Leadership leadership = new Leadership(2);

  @Test
  void aPoolIsLedFromTheFirstAnswerThatSaysSo() {
    assertThat(leadership.named("p")).isTrue();
    assertThat(leadership.named("p")).isFalse();
    assertThat(leadership.term("p")).isEmpty();
    assertThat(leadership.answered("p", new Claim.Taken())).isEqualTo(Change.NONE);
    assertThat(leadership.answered("p", new Claim.Held(7))).isEqualTo(Change.GAINED);
    assertThat(leadership.answered("p", new Claim.Held(7))).isEqualTo(Change.NONE);
    assertThat(leadership.term("p")).hasValue(7);
  }

  @Test
  void whatAnotherHoldsIsLost() {
    leadership.named("p");
    leadership.answered("p", new Claim.Held(7));
    assertThat(leadership.answered("p", new Claim.Taken())).isEqualTo(Change.LOST);
    assertThat(leadership.term("p")).isEmpty();
  }

  @Test
  void aTermThatIsAnotherThanBeforeEndsTheOldOneFirst() {
    leadership.named("p");
    leadership.answered("p", new Claim.Held(7));
    assertThat(leadership.answered("p", new Claim.Held(9))).isEqualTo(Change.LOST);
    assertThat(leadership.answered("p", new Claim.Held(9))).isEqualTo(Change.GAINED);
  }

  @Test
  void poolsAreBounded() {
    leadership.named("a");
    leadership.named("b");
    assertThatThrownBy(() -> leadership.named("c")).isInstanceOf(IllegalArgumentException.class);
  }
}
