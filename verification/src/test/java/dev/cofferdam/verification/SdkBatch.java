package dev.cofferdam.verification;

import com.openai.client.OpenAIClient;
import com.openai.core.http.HttpResponse;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import java.nio.charset.StandardCharsets;

/**
 * A batch job that was asked for by the official SDK.
 *
 * @param file the file of its lines
 * @param id its name
 */
public record SdkBatch(OpenAIClient client, String file, String id) {
  /** Brings the lines and asks for the job. */
  public static SdkBatch of(
      OpenAIClient client, BatchCreateParams.Endpoint endpoint, String lines) {
    String file =
        client
            .files()
            .create(
                FileCreateParams.builder()
                    .purpose(FilePurpose.BATCH)
                    .file(lines.getBytes(StandardCharsets.UTF_8))
                    .build())
            .id();
    String id =
        client
            .batches()
            .create(
                BatchCreateParams.builder()
                    .inputFileId(file)
                    .endpoint(endpoint)
                    .completionWindow(BatchCreateParams.CompletionWindow._24H)
                    .build())
            .id();
    return new SdkBatch(client, file, id);
  }

  /** The job as it is. */
  public Batch now() {
    return client.batches().retrieve(id);
  }

  /** The job once every line was run. */
  public Batch completed() {
    Patience.until("the batch has ended", () -> now().status().equals(Batch.Status.COMPLETED));
    return now();
  }

  /** The text of a file that it wrote. */
  public String content(String written) throws Exception {
    try (HttpResponse response = client.files().content(written)) {
      return new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
