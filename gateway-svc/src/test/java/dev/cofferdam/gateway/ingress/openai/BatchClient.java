package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** A client of files and batches. */
record BatchClient(RestHarness rest) {
  private static final String FORM = "multipart/form-data; boundary=xyz";

  static String line(String id, String url, String body) {
    return "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"%s\",\"body\":%s}\n"
        .formatted(id, url, body);
  }

  static String embedding(String id, String text) {
    return line(id, "/v1/embeddings", "{\"model\":\"support-desk\",\"input\":\"" + text + "\"}");
  }

  HttpResponse<String> upload(String content) throws Exception {
    return upload("batch", content);
  }

  HttpResponse<String> upload(String purpose, String content) throws Exception {
    String form =
        "--xyz\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
            + purpose
            + "\r\n--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\""
            + "\r\nContent-Type: application/jsonl\r\n\r\n"
            + content
            + "\r\n--xyz--\r\n";
    return rest.send(
        rest.request("/v1/files")
            .header("content-type", FORM)
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build());
  }

  String uploaded(String content) throws Exception {
    HttpResponse<String> response = upload(content);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return RestHarness.json(response).path("id").asText();
  }

  HttpResponse<String> create(String file, String endpoint) throws Exception {
    return rest.post(
        "/v1/batches",
        "{\"input_file_id\":\"%s\",\"endpoint\":\"%s\",\"completion_window\":\"24h\",\"metadata\":{\"a\":\"b\"}}"
            .formatted(file, endpoint));
  }

  HttpResponse<String> get(String path) throws Exception {
    return rest.send(rest.request(path).GET().build());
  }

  static String error(HttpResponse<String> response) throws Exception {
    JsonNode error = RestHarness.json(response).path("error");
    return response.statusCode()
        + " "
        + error.path("code").asText()
        + " "
        + error.path("param").asText("-");
  }
}
