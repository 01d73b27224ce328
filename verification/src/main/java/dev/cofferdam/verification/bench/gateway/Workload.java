package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import java.nio.charset.StandardCharsets;

/** The requests that every path is asked, and how the upstream answers them. */
final class Workload {
  /** Bytes of a request's body. */
  static final int BODY_BYTES = 921;

  /** Output tokens of an answer that comes as a whole. */
  static final int WHOLE_TOKENS = 16;

  /** Output tokens of a streamed answer, each in a chunk of its own. */
  static final int STREAM_TOKENS = 128;

  /** Milliseconds between the chunks of a stream. */
  static final int PACE_MS = 5;

  /** Seed of requests whose answer the upstream spreads over time. */
  static final int PACED_SEED = 7;

  /** Words of the sample model's vocabulary, each one token. */
  static final int[] TOKENS = {309, 348, 686, 289, 262, 294, 340, 506, 278, 335, 349, 654};

  private static final String SYSTEM = "You are a support agent of a web shop. ";
  private static final String QUESTION = "Please explain how to print a return label for my order";
  private static final String MORE = " and how long the delivery takes";

  private Workload() {}

  /** A whole HTTP/1.1 request with OpenAI's chat completion, of {@link #BODY_BYTES} of body. */
  static byte[] http(boolean stream, String apiKey) {
    String body = body(stream, "");
    body = body(stream, padding(BODY_BYTES - body.length()));
    String head =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer "
            + apiKey
            + "\r\ncontent-type: application/json\r\ncontent-length: "
            + body.length()
            + "\r\n\r\n";
    return (head + body).getBytes(StandardCharsets.US_ASCII);
  }

  private static String body(boolean stream, String padding) {
    return "{\"model\":\"support-desk\",\"messages\":[{\"role\":\"system\",\"content\":\""
        + SYSTEM
        + "\"},{\"role\":\"user\",\"content\":\""
        + QUESTION
        + padding
        + "\"}],\"temperature\":0.7,\"seed\":"
        + (stream ? PACED_SEED : 1)
        + ",\"max_tokens\":"
        + (stream ? STREAM_TOKENS : WHOLE_TOKENS)
        + (stream ? ",\"stream\":true}" : "}");
  }

  private static String padding(int length) {
    return MORE.repeat(length / MORE.length() + 1).substring(0, length);
  }

  /** The same over gRPC. */
  static GenerateRequest grpc(boolean stream) {
    String question = QUESTION + padding(BODY_BYTES - body(stream, "").length());
    return GenerateRequest.newBuilder()
        .setModel("support-desk")
        .setChat(
            Chat.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("system").setContent(SYSTEM))
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent(question)))
        .setSampling(
            SamplingParameters.newBuilder()
                .setTemperature(0.7f)
                .setSeed(stream ? PACED_SEED : 1)
                .setMaxOutputTokens(stream ? STREAM_TOKENS : WHOLE_TOKENS))
        .build();
  }
}
