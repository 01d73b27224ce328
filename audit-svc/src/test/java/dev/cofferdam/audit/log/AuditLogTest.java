package dev.cofferdam.audit.log;

import static dev.cofferdam.mesh.postgres.TestDatabase.execute;
import static dev.cofferdam.mesh.postgres.TestDatabase.number;
import static dev.cofferdam.mesh.postgres.TestDatabase.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.log.kafka.LogIntake;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.Frontier;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.SealedRecord;
import dev.cofferdam.mesh.kafka.FactConsumer.Fact;
import dev.cofferdam.mesh.postgres.DyingConnections;
import dev.cofferdam.mesh.store.StaleClaimException;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** The log on a real PostgreSQL. */
class AuditLogTest {
  private final TestLog log = new TestLog();

  private List<LogReader.Leaf> leaves() {
    return log.reader.leaves(0, 10_000);
  }

  private void assertDenseAndTrue(int size) {
    List<LogReader.Leaf> leaves = leaves();
    assertThat(leaves).hasSize(size);
    Frontier tree = Frontier.empty();
    for (LogReader.Leaf leaf : leaves) {
      assertThat(leaf.index()).isEqualTo(tree.size());
      tree.append(TreeHash.leaf(leaf.bytes()), (node, hash) -> {});
    }
    assertThat(log.reader.head()).isEqualTo(new LogReader.Head(size, tree.root()));
    assertThat(Proofs.root(size, log.reader)).isEqualTo(tree.root());
  }

  @Test
  void batchesOfAnySizeMakeOneDenseTree() {
    int size = 0;
    for (int batch : List.of(1, 2, 5, 1, 16, 100, 3, 64, 7)) {
      log.append(Facts.some(size, batch));
      size += batch;
      assertDenseAndTrue(size);
    }
  }

  @Test
  void aFactThatComesAgainIsNotLoggedAgain() {
    List<AuditRecorded> facts = Facts.some(0, 20);
    log.append(facts);
    log.append(facts);
    List<AuditRecorded> mixed = new ArrayList<>(facts.subList(10, 20));
    mixed.addAll(Facts.some(20, 5));
    mixed.addAll(Facts.some(20, 5));
    log.append(mixed);
    assertDenseAndTrue(25);
    assertThat(log.appended).hasSize(25);
  }

  @Test
  void aConnectionThatDiesBeforeTheCommitLeavesNothingAndTheNextTryAppendsOnce() {
    DyingConnections dying = new DyingConnections(log.database);
    LogIntake other = log.intake(dying.source());
    other.claim(Set.of(0));
    List<Fact> first = Facts.in(0, 0, Facts.some(0, 10));
    List<Fact> second = Facts.in(0, 10, Facts.some(10, 10));
    other.store(first);
    dying.killBeforeNextCommit();
    assertThatThrownBy(() -> other.store(second)).isInstanceOf(StoreUnavailableException.class);
    assertDenseAndTrue(10);
    assertThat(other.claim(Set.of(0))).containsEntry(0, 10L);
    other.store(second);
    assertDenseAndTrue(20);
  }

  @Test
  void aMemberThatLostItsPartitionAppendsNothingMore() {
    LogIntake successor = log.intake(log.database);
    successor.claim(Set.of(0));
    assertThatThrownBy(() -> log.append(Facts.some(0, 3))).isInstanceOf(StaleClaimException.class);
    successor.store(Facts.in(0, 0, Facts.some(0, 3)));
    assertDenseAndTrue(3);
  }

  @Test
  void membersThatAppendAtTheSameTimeShareOneOrder()
      throws InterruptedException, ExecutionException {
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<?>> running = new ArrayList<>();
      for (int member = 0; member < 3; member++) {
        int partition = member;
        LogIntake intake = log.intake(log.database);
        intake.claim(Set.of(partition));
        running.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 20; i++) {
                    intake.store(
                        Facts.in(
                            partition, i * 5L, Facts.some(1_000_000L * partition + i * 5L, 5)));
                  }
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
    assertDenseAndTrue(300);
  }

  @Test
  void poisonIsNotedByItsPlaceAndHoldsNobodyUp() {
    List<Fact> batch = new ArrayList<>(Facts.in(0, 0, Facts.some(0, 2)));
    batch.add(new Fact(0, 2, new byte[] {1, 2, 3}));
    batch.add(new Fact(0, 3, null));
    batch.add(new Fact(0, 4, Facts.bytes(Facts.audit(9, "Not A Tenant").build())));
    batch.add(new Fact(0, 5, Facts.bytes(Facts.audit(9, "a").setRequestId("x\u0000y").build())));
    batch.addAll(Facts.in(0, 6, Facts.some(2, 1)));
    log.intake().store(batch);
    assertDenseAndTrue(3);
    assertThat(rows(log.database, "select \"offset\" from rejected_events order by 1"))
        .containsExactly("2", "3", "4", "5");
    assertThat(number(log.database, "select next_offset from consumer_offsets where partition=0"))
        .isEqualTo(7);
  }

  @Test
  void nothingThatARecordSaysIsReadableInTheDatabase() {
    log.append(
        List.of(Facts.audit(1, "harbor-books").setDetail("canary").setActor("key:bird").build()));
    String everything =
        String.join(
            "\n", rows(log.database, "select t::text, encode(t.leaf, 'escape') from leaves t"));
    assertThat(everything).contains("harbor-books").doesNotContain("canary", "bird");
  }

  @Test
  void aRecordOpensToExactlyWhatWasSaid() throws Exception {
    AuditRecorded said = Facts.audit(1, "harbor-books").setDetail("what was done").build();
    log.append(List.of(said));
    LogReader.Leaf leaf = leaves().getFirst();
    SealedRecord sealed = SealedRecord.decode(leaf.bytes());
    DataKey key = log.keys.byIds(Set.of(sealed.keyId())).get(sealed.keyId());
    assertThat(AuditRecorded.parseFrom(sealed.open(key, leaf.eventId()))).isEqualTo(said);
  }

  @Test
  void aDestroyedKeyErasesItsTenantsRecordsAndTheLogStillVerifies() {
    log.append(Facts.some(0, 30));
    Checkpoint signed = log.sign();
    assertThat(log.keys.erase(new TenantId("harbor-books"), "ann", "asked to")).isPresent();
    assertThat(log.keys.erase(new TenantId("harbor-books"), "ann", "again")).isEmpty();
    for (LogReader.Leaf leaf : leaves()) {
      SealedRecord sealed = SealedRecord.decode(leaf.bytes());
      assertThat(log.keys.byIds(Set.of(sealed.keyId())).isEmpty())
          .isEqualTo(sealed.tenant().value().equals("harbor-books"));
      assertThat(
              ProofCheck.inclusion(
                  TreeHash.leaf(leaf.bytes()),
                  leaf.index(),
                  signed.size(),
                  Proofs.inclusion(leaf.index(), signed.size(), log.reader),
                  signed.root()))
          .isTrue();
    }
    assertThat(log.verify(signed)).isEqualTo(new LogVerifier.Finding.Intact(30));
    assertThat(number(log.database, "select count(*) from data_keys where wrapped is null"))
        .isEqualTo(1);
    log.append(Facts.some(30, 3));
    SealedRecord fresh = SealedRecord.decode(leaves().get(30).bytes());
    assertThat(log.keys.byIds(Set.of(fresh.keyId()))).hasSize(1);
  }

  @Test
  void theLogCannotBeEdited() {
    log.append(Facts.some(0, 2));
    log.sign();
    for (String edit :
        List.of(
            "update leaves set leaf = ''",
            "delete from leaves",
            "truncate leaves",
            "update nodes set hash = ''",
            "delete from nodes",
            "delete from checkpoints")) {
      assertThatThrownBy(() -> execute(log.database, edit)).hasMessageContaining("append-only");
    }
  }
}
