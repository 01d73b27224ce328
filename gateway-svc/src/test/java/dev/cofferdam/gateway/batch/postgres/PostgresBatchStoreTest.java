package dev.cofferdam.gateway.batch.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.batch.Batch;
import dev.cofferdam.gateway.batch.BatchStatus;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.batch.SampleBatches;
import dev.cofferdam.gateway.batch.StoredFile;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PostgresBatchStoreTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId GLOBEX = new TenantId("globex");
  private static final String SECRET = "the parcel of Mrs. Winterbottom";

  private final ServingDatabase server = ServingDatabase.emptied();
  private final BatchStore store = new PostgresBatchStore(server.open(), new byte[32]);

  private Batch create(TenantId tenant, int lines) {
    return SampleBatches.create(store, tenant, lines);
  }

  private Optional<Batch> take(Batch batch, String owner, long leaseMs) {
    return store.take(new BatchStore.Due(batch.tenant(), batch.id()), owner, leaseMs);
  }

  @Test
  void aFileIsItsTenantsAloneAndSealedAtRest() throws Exception {
    StoredFile file = new StoredFile("file-1", false, SECRET, 60, 1_000, 2_000_000_000_000L);
    store.put(ACME, file, List.of(SECRET + "\n", "Grüße"));

    assertThat(store.file(ACME, "file-1")).contains(file);
    assertThat(store.parts(ACME, "file-1", -1, 9))
        .containsExactly(new BatchStore.Part(0, SECRET + "\n"), new BatchStore.Part(1, "Grüße"));
    assertThat(store.parts(ACME, "file-1", 0, 9)).hasSize(1);
    assertThat(store.file(GLOBEX, "file-1")).isEmpty();
    assertThat(store.files(GLOBEX, 9)).isEmpty();
    assertThat(store.parts(GLOBEX, "file-1", -1, 9)).isEmpty();
    assertThat(store.delete(GLOBEX, "file-1")).isFalse();
    String rows =
        server
            .open()
            .inTenant(
                ACME,
                c ->
                    ServingDatabase.single(
                        c,
                        "select string_agg(encode(content, 'escape') || encode(name, 'escape'), '')"
                            + " from batch_file_parts, batch_files"));
    assertThat(rows).doesNotContain("parcel").doesNotContain("Winterbottom");
    assertThat(store.delete(ACME, "file-1")).isTrue();
    assertThat(store.parts(ACME, "file-1", -1, 9)).isEmpty();
  }

  @Test
  void anErasedTenantHasNeitherFilesNorJobsAndOthersHaveTheirs() {
    Batch gone = create(ACME, 1);
    Batch other = create(GLOBEX, 1);
    assertThat(take(gone, "one", 60_000)).isPresent();

    store.erase(ACME);

    assertThat(store.batches(ACME, "", 9)).isEmpty();
    assertThat(store.files(ACME, 9)).isEmpty();
    assertThat(store.write(gone, "one", 0, true, "{}")).isFalse();
    assertThat(store.due(9)).extracting(BatchStore.Due::tenant).containsOnly(GLOBEX);
    assertThat(store.batch(GLOBEX, other.id())).isPresent();
  }

  @Test
  void aTextOpensInItsPlaceOnlyAndForItsTenantOnly() {
    PartSeal seal = new PartSeal(new byte[32]);
    byte[] sealed = seal.seal(ACME, "file-1", 3, SECRET);

    assertThat(seal.open(ACME, "file-1", 3, sealed)).isEqualTo(SECRET);
    assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("parcel");
    assertThatThrownBy(() -> seal.open(ACME, "file-1", 4, sealed))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> seal.open(ACME, "file-2", 3, sealed))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> seal.open(GLOBEX, "file-1", 3, sealed))
        .isInstanceOf(IllegalStateException.class);
    sealed[20] ^= 1;
    assertThatThrownBy(() -> seal.open(ACME, "file-1", 3, sealed))
        .isInstanceOf(IllegalStateException.class)
        .hasNoCause();
    assertThatThrownBy(() -> new PartSeal(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aJobIsOneGatewaysUntilItsLeaseIsOver() throws Exception {
    Batch batch = create(ACME, 3);

    assertThat(take(batch, "a", 60_000)).contains(batch);
    assertThat(take(batch, "b", 60_000)).isEmpty();
    assertThat(store.keep(batch, "a", 1)).isPresent();
    Thread.sleep(5);
    assertThat(take(batch, "b", 60_000)).isPresent();
    assertThat(store.keep(batch, "a", 60_000)).isEmpty();
    assertThat(store.write(batch, "a", 0, true, "late")).isFalse();
    assertThat(store.end(batch, "a", BatchStatus.COMPLETED, 5)).isFalse();
    assertThat(store.written(batch).isEmpty()).isTrue();
    store.giveBack(batch, "b", 0);
    assertThat(take(batch, "a", 60_000)).isPresent();
  }

  @Test
  void ofATenantOneJobIsRunAtATimeAndNobodyWaitsForAnothersTurn() {
    Batch first = create(ACME, 1);
    Batch second = create(ACME, 1);
    Batch foreign = create(GLOBEX, 1);
    take(first, "a", 60_000);

    assertThat(take(second, "b", 60_000)).isEmpty();
    assertThat(store.due(9)).containsExactly(new BatchStore.Due(GLOBEX, foreign.id()));
    store.end(first, "a", BatchStatus.COMPLETED, 5);
    assertThat(store.due(9)).contains(new BatchStore.Due(ACME, second.id()));
  }

  @Test
  void whatIsWrittenIsCountedOnceAndSeenAtTheEnd() {
    Batch batch = create(ACME, 3);
    take(batch, "a", 60_000);
    store.write(batch, "a", 2, true, "two");
    store.write(batch, "a", 0, true, "zero");
    assertThatThrownBy(() -> store.write(batch, "a", 0, true, "zero again"))
        .isInstanceOf(IllegalStateException.class);
    assertThat(store.file(ACME, batch.outputFile())).isEmpty();
    assertThat(store.written(batch).cardinality()).isEqualTo(2);

    assertThat(store.cancel(ACME, batch.id(), 7)).isPresent();
    store.write(batch, "a", 1, false, "one");
    assertThat(store.delete(ACME, batch.inputFile())).isFalse();
    assertThat(store.end(batch, "a", BatchStatus.COMPLETED, 9)).isTrue();

    Batch ended = store.batch(ACME, batch.id()).orElseThrow();
    assertThat(ended.status()).isEqualTo(BatchStatus.CANCELLED);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(3, 2, 1));
    assertThat(ended.endedMs()).hasValue(9);
    assertThat(store.parts(ACME, batch.outputFile(), -1, 9))
        .extracting(BatchStore.Part::text)
        .containsExactly("zero\n", "two\n");
    assertThat(store.file(ACME, batch.outputFile()).orElseThrow().bytes()).isEqualTo(9);
    assertThat(store.due(9)).isEmpty();
    assertThat(store.delete(ACME, batch.inputFile())).isTrue();
    assertThat(store.batch(GLOBEX, batch.id())).isEmpty();
    assertThat(store.cancel(GLOBEX, batch.id(), 7)).isEmpty();
    assertThat(store.batches(GLOBEX, "", 9)).isEmpty();
  }

  @Test
  void jobsAreListedPageByPageTheNewestFirst() {
    List<String> ids = List.of(create(ACME, 1).id(), create(ACME, 1).id(), create(ACME, 1).id());
    List<String> listed = store.batches(ACME, "", 9).stream().map(Batch::id).toList();

    assertThat(listed).containsExactlyInAnyOrderElementsOf(ids);
    assertThat(store.batches(ACME, listed.get(0), 1))
        .extracting(Batch::id)
        .containsExactly(listed.get(1));
    assertThat(store.usage(ACME)).isEqualTo(new BatchStore.Usage(9, 18, 3));
  }
}
