package dev.cofferdam.gateway.ingress.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.batch.BatchSettings;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.batch.postgres.PostgresBatchStore;
import dev.cofferdam.gateway.ingress.rest.RestHarness;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What files and batches answer to what nobody should send. */
@Timeout(60)
class BadBatchInputTest {
  @TempDir static Path folder;
  private static BatchStore store;
  private static RestHarness rest;
  private static BatchClient client;

  @BeforeAll
  static void start() throws Exception {
    store = new PostgresBatchStore(ServingDatabase.emptied().open(), new byte[32]);
    rest =
        new RestHarness(
            folder,
            RestSettings.DEFAULTS,
            (edge, router) ->
                new OpenAiBatches(
                        edge,
                        store,
                        BatchSettings.DEFAULTS,
                        RestHarness.nobodys(),
                        InstantSource.system())
                    .mount(router));
    client = new BatchClient(rest);
  }

  @AfterAll
  static void stop() throws Exception {
    rest.close();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a line that is no JSON | nonsense | 400 invalid_request input_file_id",
        "a line that is a list | [] | 400 invalid_request input_file_id",
        "a line without a name | {\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{}} | 400 invalid_request input_file_id",
        "a line by GET | {\"custom_id\":\"a\",\"method\":\"GET\",\"url\":\"/v1/embeddings\",\"body\":{}} | 400 invalid_request input_file_id",
        "a line to another endpoint | {\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/completions\",\"body\":{}} | 400 invalid_request input_file_id",
        "a line to the admin API | {\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"https://localhost/admin\",\"body\":{}} | 400 invalid_request input_file_id",
        "a line without a body | {\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/embeddings\"} | 400 invalid_request input_file_id",
        "a line with another field | {\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{},\"tenant\":\"x\"} | 400 unsupported_parameter input_file_id",
        "a name twice | {\"custom_id\":\"a\",\"custom_id\":\"b\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{}} | 400 invalid_request input_file_id",
        "a model that is another's | {\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{\"model\":\"secret-model\"}} | 404 model_not_found input_file_id",
        "white space only | ` ` | 400 invalid_request input_file_id",
      })
  void aBadLineIsNamedAndNothingIsTakenOn(String what, String line, String expected)
      throws Exception {
    HttpResponse<String> response = client.create(client.uploaded(line), "/v1/embeddings");

    assertThat(BatchClient.error(response)).as(what).isEqualTo(expected);
    assertThat(response.body()).doesNotContain("nonsense");
    assertThat(store.due(9)).allMatch(due -> due.id().startsWith("file-"));
  }

  @Test
  void twoLinesOfOneNameAndTooManyLinesAreRefused() throws Exception {
    assertThat(
            BatchClient.error(
                client.create(
                    client.uploaded(BatchClient.embedding("a", "x").repeat(2)), "/v1/embeddings")))
        .isEqualTo("400 invalid_request input_file_id");
    String many =
        IntStream.range(0, 10_001)
            .mapToObj(i -> BatchClient.embedding("line" + i, "x"))
            .collect(Collectors.joining());
    assertThat(BatchClient.error(client.create(client.uploaded(many), "/v1/embeddings")))
        .isEqualTo("400 invalid_request input_file_id");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "no JSON | nonsense | 400 invalid_request -",
        "nothing | {} | 400 invalid_request endpoint",
        "an endpoint that is not offered | {\"endpoint\":\"/v1/responses\"} | 400 invalid_request endpoint",
        "another window | {\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"1h\"} | 400 invalid_request completion_window",
        "a field that is not offered | {\"output_expires_after\":{}} | 400 unsupported_parameter output_expires_after",
        "notes that are no object | {\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\",\"metadata\":[1]} | 400 invalid_request metadata",
        "notes that are no texts | {\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\",\"metadata\":{\"a\":1}} | 400 invalid_request metadata",
        "a file that nobody has | {\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\",\"input_file_id\":\"../../etc/passwd\"} | 404 not_found input_file_id",
        "a file that is a number | {\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\",\"input_file_id\":7} | 400 invalid_request input_file_id",
      })
  void aBadBatchIsRefused(String what, String body, String expected) throws Exception {
    assertThat(BatchClient.error(rest.post("/v1/batches", body))).as(what).isEqualTo(expected);
  }

  @Test
  void pathsOfNothingAreNotFoundAndBadFormsAreRefused() throws Exception {
    assertThat(BatchClient.error(client.get("/v1/batches/batch_1")))
        .isEqualTo("404 not_found batch_id");
    assertThat(BatchClient.error(rest.post("/v1/batches/..%2fx/cancel", "")))
        .isEqualTo("404 not_found batch_id");
    assertThat(BatchClient.error(client.get("/v1/files/file-'%20or%201=1")))
        .isEqualTo("404 not_found file_id");
    assertThat(BatchClient.error(client.get("/v1/files/file-1/content")))
        .isEqualTo("404 not_found file_id");
    assertThat(BatchClient.error(client.get("/v1/batches?limit=0")))
        .isEqualTo("400 invalid_request limit");
    assertThat(BatchClient.error(client.get("/v1/batches?limit=-1")))
        .isEqualTo("400 invalid_request limit");
    assertThat(BatchClient.error(client.get("/v1/batches?limit=1000")))
        .isEqualTo("400 invalid_request limit");
    assertThat(BatchClient.error(rest.post("/v1/files", "{}")))
        .isEqualTo("400 invalid_request content-type");
    HttpRequest bare =
        rest.bare("/v1/files").POST(HttpRequest.BodyPublishers.ofString("x")).build();
    assertThat(rest.send(bare).statusCode()).isEqualTo(401);
  }
}
