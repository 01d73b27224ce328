package dev.cofferdam.load.drive.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.load.drive.Client;
import dev.cofferdam.load.drive.Target;
import dev.cofferdam.load.scenario.Planned;
import dev.cofferdam.load.scenario.Question;
import dev.cofferdam.vocabulary.TenantId;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A tenant's client of {@code POST /v1/chat/completions}, streamed, over HTTP/2 with its API key.
 * Tenants that must show a certificate are driven over gRPC; answers may end before they have all
 * tokens that were planned.
 */
public final class RestClient implements Client {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DATA = "data: ";
  private static final Duration DEADLINE = Duration.ofSeconds(120);

  private final Target target;
  private final String apiKey;
  private final HttpClient http;

  /**
   * @throws IllegalArgumentException where the authority's file cannot be used
   */
  public RestClient(Target target, TenantId tenant) {
    this.target = target;
    this.apiKey = target.of(tenant).apiKey();
    this.http = HttpClient.newBuilder().sslContext(trusting(target.trust())).build();
  }

  private static SSLContext trusting(Path authority) {
    try (InputStream in = Files.newInputStream(authority)) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry(
          "authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext tls = SSLContext.getInstance("TLSv1.3");
      tls.init(null, trust.getTrustManagers(), null);
      return tls;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException("cannot use the authority " + authority, e);
    }
  }

  @Override
  public Runnable send(Planned planned, Answers answers) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(target.rest() + "/v1/chat/completions"))
            .header("authorization", "Bearer " + apiKey)
            .header("content-type", "application/json")
            .timeout(DEADLINE)
            .POST(BodyPublishers.ofString(body(planned)))
            .build();
    CompletableFuture<HttpResponse<Stream<String>>> answer =
        http.sendAsync(request, BodyHandlers.ofLines());
    var unused =
        answer
            .thenAcceptAsync(response -> read(response, answers), Thread::startVirtualThread)
            .exceptionally(
                failure -> {
                  answers.refused("transport");
                  return null;
                });
    return () -> answer.cancel(true);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private String body(Planned planned) {
    ObjectNode body = JSON.createObjectNode();
    String adapter = target.adapter(planned.stream());
    body.put("model", adapter.isEmpty() ? target.model() : target.model() + ":" + adapter);
    body.put("stream", true).put("temperature", 0);
    body.put("max_completion_tokens", planned.outputTokens());
    body.putObject("stream_options").put("include_usage", true);
    body.putArray("messages").addObject().put("role", "user").put("content", Question.of(planned));
    return body.toString();
  }

  private static void read(HttpResponse<Stream<String>> response, Answers answers) {
    try (Stream<String> lines = response.body()) {
      if (response.statusCode() != 200) {
        answers.refused(code(String.join("", lines.toList()), response.statusCode()));
        return;
      }
      Reading reading = new Reading(answers);
      lines.filter(line -> line.startsWith(DATA)).forEach(line -> reading.event(line.substring(6)));
      reading.over();
    }
  }

  private static String code(String body, int status) {
    try {
      String code = JSON.readTree(body).path("error").path("code").asText("");
      return code.isEmpty() ? "http_" + status : code;
    } catch (JsonProcessingException e) {
      return "http_" + status;
    }
  }

  /** A stream of events. */
  private static final class Reading {
    private final Answers answers;
    private boolean done;
    private boolean ended;
    private JsonNode usage = JSON.createObjectNode();

    Reading(Answers answers) {
      this.answers = answers;
    }

    void event(String data) {
      if (data.equals("[DONE]")) {
        done = true;
        return;
      }
      JsonNode event;
      try {
        event = JSON.readTree(data);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("an event that is no JSON", e);
      }
      if (event.has("error")) {
        ended = true;
        answers.refused(event.path("error").path("code").asText("unknown"));
      } else if (event.path("usage").isObject()) {
        usage = event.path("usage");
      }
      if (!event.path("choices").path(0).path("delta").path("content").asText("").isEmpty()) {
        answers.output();
      }
    }

    void over() {
      if (done) {
        answers.served(
            usage.path("prompt_tokens").asInt(),
            usage.path("prompt_tokens_details").path("cached_tokens").asInt(),
            usage.path("completion_tokens").asInt());
      } else if (!ended) {
        answers.refused("transport");
      }
    }
  }
}
