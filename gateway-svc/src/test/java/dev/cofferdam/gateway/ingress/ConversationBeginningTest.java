package dev.cofferdam.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.prompt.ChatMessage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConversationBeginningTest {
  private static Asked.Input conversation(String... texts) {
    List<ChatMessage> messages = new ArrayList<>();
    messages.add(new ChatMessage("system", "be kind"));
    for (int i = 0; i < texts.length; i++) {
      messages.add(new ChatMessage(i % 2 == 0 ? "user" : "assistant", texts[i]));
    }
    return new Asked.Input.Conversation(messages);
  }

  @Test
  void everyTurnOfAConversationHasTheSameBeginningAndAnotherConversationAnother() {
    Asked.Input first = Intake.beginning(conversation("where is my book?"));
    assertThat(first).isEqualTo(conversation("where is my book?"));
    assertThat(Intake.beginning(conversation("where is my book?", "on its way", "thanks")))
        .isEqualTo(first);
    assertThat(Intake.beginning(conversation("where is my parcel?", "on its way", "thanks")))
        .isNotEqualTo(first);
    Asked.Input text = new Asked.Input.Text("once upon a time");
    assertThat(Intake.beginning(text)).isEqualTo(text);
  }
}
