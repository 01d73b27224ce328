package dev.cofferdam.audit.witness.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.audit.witness.AddCheckpoint;
import dev.cofferdam.audit.witness.Witness;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** A witness at a URL; its answers are read up to a bound. */
public final class HttpWitness implements Witness {
  private static final Duration WAIT_MAX = Duration.ofSeconds(5);
  private static final int ANSWER_BYTES_MAX = 16_384;

  private final HttpClient client = HttpClient.newBuilder().connectTimeout(WAIT_MAX).build();
  private final URI add;

  /**
   * @param prefix the witness' submission prefix
   */
  public HttpWitness(URI prefix) {
    String text = prefix.toString();
    this.add = URI.create((text.endsWith("/") ? text : text + "/") + "add-checkpoint");
  }

  @Override
  public Answer add(AddCheckpoint request) {
    HttpRequest post =
        HttpRequest.newBuilder(add)
            .timeout(WAIT_MAX)
            .POST(HttpRequest.BodyPublishers.ofString(request.body()))
            .build();
    try {
      HttpResponse<InputStream> answer =
          client.send(post, HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream body = answer.body()) {
        return new Answer(
            answer.statusCode(), new String(body.readNBytes(ANSWER_BYTES_MAX), UTF_8));
      }
    } catch (IOException e) {
      throw new WitnessAwayException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new WitnessAwayException(e);
    }
  }
}
