package dev.cofferdam.audit.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.log.CheckpointIssuer.Outcome;
import dev.cofferdam.audit.log.LogCopy.CopiedLeaf;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.log.file.CheckpointFile;
import dev.cofferdam.audit.log.postgres.PostgresLogCopy;
import dev.cofferdam.audit.log.tampering.CopiedLog;
import dev.cofferdam.audit.log.tampering.Tampering;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TreeHash;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Someone with full power over the database changes the log; it is found, and never signed. */
class TamperingTest {
  private static final int SIZE = 300;

  private final TestLog log = new TestLog();
  private Checkpoint signed;

  @BeforeEach
  void fill() {
    for (int at = 0; at < SIZE; at += 50) {
      log.append(Facts.some(at, 50));
    }
    signed = log.sign();
  }

  @Test
  void everyFlippedBitOfEveryLeafIsFound() {
    List<LogReader.Leaf> leaves = log.reader.leaves(0, SIZE);
    for (LogReader.Leaf leaf : leaves) {
      List<TreeHash> path = Proofs.inclusion(leaf.index(), SIZE, log.reader);
      byte[] bytes = leaf.bytes().clone();
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit / 8] ^= (byte) (1 << (bit % 8));
        if (ProofCheck.inclusion(TreeHash.leaf(bytes), leaf.index(), SIZE, path, signed.root())) {
          throw new AssertionError("bit " + bit + " of leaf " + leaf.index() + " was missed");
        }
        bytes[bit / 8] ^= (byte) (1 << (bit % 8));
      }
      assertThat(
              ProofCheck.inclusion(TreeHash.leaf(bytes), leaf.index(), SIZE, path, signed.root()))
          .isTrue();
    }
  }

  @Test
  void aChangedLeafInTheDatabaseIsFoundByItsIndex() {
    SplittableRandom random = new SplittableRandom(300);
    for (int i = 0; i < 20; i++) {
      int index = random.nextInt(SIZE);
      int position = random.nextInt(100);
      String flip =
          "update leaves set leaf = set_byte(leaf, %d, get_byte(leaf, %d) # 4) where index = %d"
              .formatted(position, position, index);
      log.tamper(flip);
      assertThat(log.verify()).isEqualTo(new Finding.BadLeaf(index));
      log.tamper(flip);
    }
    assertThat(log.verify(signed)).isEqualTo(new Finding.Intact(SIZE));
  }

  @Test
  void aLeafThatWasChangedTogetherWithItsHashIsFoundByItsTile() {
    log.tamper(
        """
        update leaves set leaf = set_byte(leaf, 90, get_byte(leaf, 90) # 1) where index = 123;
        update leaves set leaf_hash = sha256('\\x00'::bytea || leaf) where index = 123
        """);
    assertThat(log.verify()).isEqualTo(new Finding.BadLeaves(0, 256));
  }

  @Test
  void aDeletedLeafIsFound() {
    log.tamper("delete from leaves where index = 200");
    assertThat(log.verify()).isEqualTo(new Finding.MissingLeaf(200));
  }

  @Test
  void aDeletedLastLeafIsFound() {
    log.tamper("delete from leaves where index = 299");
    assertThat(log.verify()).isEqualTo(new Finding.MissingLeaves(0, SIZE, 1));
  }

  @Test
  void twoLeavesThatChangedPlacesAreFound() {
    log.tamper(
        "update leaves set index = -1 where index = 10;"
            + " update leaves set index = 10 where index = 20;"
            + " update leaves set index = 20 where index = -1");
    assertThat(log.verify()).isEqualTo(new Finding.BadLeaves(0, 256));
  }

  @Test
  void aRecordThatWasDatedBackForQueriesIsFound() {
    log.tamper("update leaves set occurred_ms = occurred_ms - 86400000 where index = 77");
    assertThat(log.verify()).isEqualTo(new Finding.BadRow(77));
  }

  @Test
  void aRecordThatWasHiddenAmongAnotherTenantsIsFound() {
    log.tamper("update leaves set tenant = 'someone-else' where index = 78");
    assertThat(log.verify()).isEqualTo(new Finding.BadRow(78));
  }

  @Test
  void aChangedRootOfATileIsFound() {
    log.tamper("update nodes set hash = sha256('x') where level = 8 and index = 0");
    assertThat(log.verify()).isEqualTo(new Finding.BadNode(new NodeId(8, 0)));
  }

  @Test
  void aShortenedLogWithItsCheckpointsIsFoundByWhoRemembersOne() {
    log.append(Facts.some(SIZE, 100));
    Checkpoint later = log.sign();
    log.tamper(
        """
        delete from leaves where index >= 300; delete from checkpoints where tree_size > 300
        """);
    assertThat(log.verify(later)).isEqualTo(new Finding.SetBack(300, 400));
  }

  @Test
  void everyKindOfChangeToTenThousandRecordsIsFoundAtItsPlace() {
    for (int at = SIZE; at < 10_000; at += 1_940) {
      log.append(Facts.some(at, 1_940));
      signed = log.sign();
    }
    log.append(Facts.some(10_000, 37));
    CopiedLog intact = CopiedLog.of(new PostgresLogCopy(log.database));
    assertThat(intact.leaves).hasSize(10_037);
    SplittableRandom random = new SplittableRandom(162);
    assertEarlierCopyNamesTheRecord(intact, random);
    for (Tampering kind : Tampering.values()) {
      for (int i = 0; i < 10; i++) {
        CopiedLog changed = intact.copy();
        Predicate<Finding> expected = kind.apply(changed, random);
        Finding found = LogVerifier.verify(changed, log.signer.verifier(), List.of(signed));
        assertThat(expected.test(found)).as("%s, trial %d: %s", kind, i, found).isTrue();
      }
    }
    assertThat(LogVerifier.verify(intact, log.signer.verifier(), List.of(signed)))
        .isEqualTo(new Finding.Intact(10_000));
  }

  /** Also where everything was hashed again, in the last signed leaves or before them. */
  private void assertEarlierCopyNamesTheRecord(CopiedLog intact, SplittableRandom random) {
    for (int i = 0; i < 20; i++) {
      int index = i == 0 ? 9_999 : random.nextInt(10_000);
      CopiedLog changed = intact.copy();
      CopiedLeaf leaf = changed.leaves.get(index);
      boolean removed = i % 2 == 0;
      if (removed) {
        changed.leaves.subList(index, changed.leaves.size()).clear();
      } else {
        byte[] bytes = leaf.bytes().clone();
        bytes[bytes.length - 1] ^= 1;
        changed.leaves.set(index, new CopiedLeaf(index, bytes, Optional.empty()));
      }
      changed.rehash();
      assertThat(
              LogVerifier.verify(
                  changed, log.signer.verifier(), List.of(signed), Optional.of(intact)))
          .isEqualTo(removed ? new Finding.MissingLeaf(index) : new Finding.BadLeaf(index));
    }
  }

  @Test
  void aHeadThatDoesNotContinueTheSignedTreeIsNeverSigned() {
    log.append(Facts.some(SIZE, 10));
    log.tamper("update nodes set hash = sha256('x') where level = 8 and index = 0");
    assertThat(log.issuer(log.checkpoints).step())
        .isEqualTo(new Outcome.Inconsistent(SIZE + 10, SIZE));
    assertThat(log.checkpoints.of(SIZE + 10)).isEmpty();
  }

  @Test
  void aForgedHeadIsNeverSigned() {
    log.append(Facts.some(SIZE, 1));
    log.tamper("update log_head set root = sha256('x')");
    assertThat(log.issuer(log.checkpoints).step()).isInstanceOf(Outcome.Inconsistent.class);
    assertThatThrownBy(() -> log.append(Facts.some(SIZE + 1, 1)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aDatabaseThatWasSetBackIsNoticedByTheFile(@TempDir Path folder) {
    CheckpointFile file = new CheckpointFile(folder.resolve("checkpoint.txt"));
    assertThat(log.issuer(log.checkpoints, file).step()).isInstanceOf(Outcome.Signed.class);
    log.tamper(
        """
        delete from checkpoints; delete from leaves; delete from nodes;
        update log_head set size = 0, root = sha256('')
        """);
    assertThat(log.issuer(log.checkpoints).step()).isInstanceOf(Outcome.Signed.class);
    assertThat(log.issuer(log.checkpoints, file).step())
        .isEqualTo(new Outcome.Inconsistent(0, SIZE));
  }

  @Test
  void aRewrittenHistoryOfTheSameSizeIsNoticedByTheFile(@TempDir Path folder) {
    CheckpointFile file = new CheckpointFile(folder.resolve("checkpoint.txt"));
    assertThat(log.issuer(log.checkpoints, file).step()).isInstanceOf(Outcome.Signed.class);
    TestLog other = new TestLog();
    other.append(Facts.some(5_000, SIZE));
    CheckpointIssuer elsewhere =
        new CheckpointIssuer(
            TestLog.ORIGIN, log.signer, other.reader, List.of(other.checkpoints, file));
    assertThat(elsewhere.step()).isEqualTo(new Outcome.Inconsistent(SIZE, SIZE));
  }

  @Test
  void checkpointsOfAGrowingLogAreAllConsistent() {
    Checkpoint before = signed;
    for (int i = 0; i < 20; i++) {
      log.append(Facts.some(SIZE + i * 7L, 7));
      Checkpoint after = log.sign();
      assertThat(
              ProofCheck.consistency(
                  before.size(),
                  before.root(),
                  after.size(),
                  after.root(),
                  Proofs.consistency(before.size(), after.size(), log.reader)))
          .isTrue();
      before = after;
    }
    assertThat(log.issuer(log.checkpoints).step()).isEqualTo(new Outcome.Unchanged());
  }

  @Test
  void aCheckpointOfAnotherKeyIsNotTakenForOurs() {
    TestLog other = new TestLog();
    CheckpointIssuer stranger =
        new CheckpointIssuer(TestLog.ORIGIN, other.signer, log.reader, List.of(log.checkpoints));
    assertThatThrownBy(stranger::step).isInstanceOf(IllegalStateException.class);
  }
}
