package dev.cofferdam.verification.crossing;

import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;

/** A tenant at the gateway's REST edge, with its key and its certificate. */
final class RestClient implements AutoCloseable {
  private final String url;
  private final String key;
  private final JdkTls tls;
  private final HttpClient http;

  RestClient(String url, SampleTenant tenant, TlsFiles identity) {
    this.url = url;
    this.key = tenant.apiKey();
    this.tls = JdkTls.client(identity, Role.GATEWAY);
    this.http = HttpClient.newBuilder().sslContext(tls.context()).build();
  }

  @Override
  public void close() {
    http.close();
    tls.close();
  }

  /** Status of an answer. */
  int status(String method, String path) throws IOException, InterruptedException {
    return send(method, path, "application/json", "").statusCode();
  }

  /** Makes something, and tells its id. */
  String made(String path, String contentType, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = send("POST", path, contentType, body);
    if (answer.statusCode() != 200) {
      throw new IllegalStateException(path + " was answered with " + answer.statusCode());
    }
    Struct.Builder json = Struct.newBuilder();
    JsonFormat.parser().merge(answer.body(), json);
    return json.getFieldsOrThrow("id").getStringValue();
  }

  private HttpResponse<String> send(String method, String path, String contentType, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(url + path))
            .header("authorization", "Bearer " + key)
            .header("content-type", contentType)
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
