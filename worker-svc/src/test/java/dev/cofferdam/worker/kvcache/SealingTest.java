package dev.cofferdam.worker.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.execution.BlockKey;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class SealingTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final TenantId PIRATES = new TenantId("pixel-pirates");
  private static final Digest ROOT = new Digest(new byte[32]);
  private static final Digest FIRST = new Digest(new byte[] {1});
  private static final int[] TOKENS = {5, 6, 7};

  private final FakeMemory memory = new FakeMemory(4);
  private KvCache kv = cache(Sealing.AT_REST);

  private KvCache cache(Sealing sealing) {
    return new KvCache(4, 2, FakeMemory.BYTES, memory, sealing, new CacheJournal(8));
  }

  private static byte[] content() {
    byte[] content = new byte[FakeMemory.BLOCK];
    Arrays.fill(content, 0, FakeMemory.BYTES, (byte) 77);
    return content;
  }

  /** A full block of the tenant, written, in its cache, and held by one running sequence. */
  private int running(TenantId tenant, boolean encrypted) {
    int block = kv.allocate(tenant, 0, encrypted);
    System.arraycopy(content(), 0, memory.blocks[block], 0, FakeMemory.BYTES);
    kv.filled(block, tenant);
    kv.keep(tenant, 1, ROOT, FIRST, TOKENS, 0, block);
    return block;
  }

  private int match(TenantId tenant) {
    return kv.match(tenant, ROOT, List.of(FIRST), TOKENS, 0, 3, new int[1]);
  }

  @Test
  void anIdleCachedBlockIsSealedAndOpenedForTheNextRequestOfItsTenant() {
    int block = running(HARBOR, true);
    kv.sealResting();
    assertThat(memory.blocks[block]).isEqualTo(content());

    kv.release(block, HARBOR);
    kv.sealResting();
    assertThat(memory.blocks[block]).isNotEqualTo(content());
    assertThat(kv.sealOf(block)).isPositive();

    assertThat(match(HARBOR)).isEqualTo(1);
    assertThat(memory.blocks[block]).isEqualTo(content());
    assertThat(kv.sealOf(block)).isZero();
  }

  @Test
  void blocksOfTenantsThatDoNotAskForItStayPlain() {
    int block = running(HARBOR, false);
    kv.release(block, HARBOR);
    kv.sealResting();

    assertThat(memory.blocks[block]).isEqualTo(content());
    assertThat(kv.keys()).isZero();
  }

  @Test
  void aBlockThatAnotherRunningSequenceReadsStaysOpenUntilBothRest() {
    int block = running(HARBOR, true);
    assertThat(match(HARBOR)).isEqualTo(1);
    kv.rest(block, HARBOR);
    kv.sealResting();
    assertThat(kv.sealOf(block)).isZero();

    kv.rest(block, HARBOR);
    kv.sealResting();
    assertThat(kv.sealOf(block)).isPositive();
    assertThat(kv.wake(block, HARBOR)).isTrue();
    assertThat(memory.blocks[block]).isEqualTo(content());
  }

  @Test
  void nobodyElseMayLetABlockRestOrWakeIt() {
    int block = running(HARBOR, true);
    assertThatThrownBy(() -> kv.rest(block, PIRATES)).isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> kv.wake(block, PIRATES)).isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> kv.filled(block, PIRATES)).isInstanceOf(IsolationViolation.class);
    assertThat(kv.readers(block)).isEqualTo(1);
  }

  @Test
  void aFlippedBitFailsClosedAndTheBlockIsNoLongerFound() {
    int block = running(HARBOR, true);
    kv.release(block, HARBOR);
    kv.sealResting();
    memory.blocks[block][3] ^= 4;

    assertThat(match(HARBOR)).isZero();
    assertThat(kv.sealsBroken()).isEqualTo(1);
    assertThat(kv.cached()).isZero();
    assertThat(memory.blocks[block]).isEqualTo(new byte[FakeMemory.BLOCK]);
    kv.zeroReleased();
    assertThat(kv.pool().free()).isEqualTo(4);
  }

  @Test
  void everyHolderOfABlockWhoseSealIsBrokenLearnsThatItIsLost() {
    int block = running(HARBOR, true);
    assertThat(match(HARBOR)).isEqualTo(1);
    kv.rest(block, HARBOR);
    kv.rest(block, HARBOR);
    kv.sealResting();
    memory.blocks[block][0] ^= 1;

    assertThat(kv.wake(block, HARBOR)).isFalse();
    assertThat(kv.wake(block, HARBOR)).isFalse();
    assertThat(kv.lost(block)).isTrue();
    assertThat(match(HARBOR)).isZero();
  }

  @Test
  void alwaysOpensTheBlockThatAPausedSequenceWasWriting() {
    kv = cache(Sealing.ALWAYS);
    int written = kv.allocate(HARBOR, 0, true);
    memory.blocks[written][0] = 9;
    kv.rest(written, HARBOR);
    kv.sealResting();
    assertThat(kv.sealOf(written)).isPositive();

    assertThat(kv.wake(written, HARBOR)).isTrue();
    assertThat(kv.sealOf(written)).isZero();
    assertThat(memory.blocks[written][0]).isEqualTo((byte) 9);
  }

  @Test
  void theSameContentSealedTwiceLooksDifferent() {
    int block = running(HARBOR, true);
    kv.rest(block, HARBOR);
    kv.sealResting();
    byte[] once = memory.blocks[block].clone();
    kv.wake(block, HARBOR);
    kv.rest(block, HARBOR);
    kv.sealResting();

    assertThat(memory.blocks[block]).isNotEqualTo(once);
  }

  @Test
  void aKeyIsDestroyedWithTheLastBlockUnderIt() {
    int block = running(HARBOR, true);
    BlockKey key = Objects.requireNonNull(kv.keyOf(block));
    kv.release(block, HARBOR);
    assertThat(kv.keys()).isEqualTo(1);
    assertThat(key.isDestroyed()).isFalse();

    kv.forget(block, HARBOR);
    kv.zeroReleased();
    assertThat(kv.keys()).isZero();
    assertThat(key.isDestroyed()).isTrue();
    assertThatThrownBy(key::getEncoded).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void destroyingAKeyLosesWhatIsSealedUnderItAndNothingOfOthers() {
    int block = running(HARBOR, true);
    kv.rest(block, HARBOR);
    kv.sealResting();
    TenantId other = PIRATES;
    int foreign = running(other, true);
    kv.rest(foreign, other);
    kv.sealResting();

    kv.destroyKey(HARBOR);
    assertThat(kv.wake(block, HARBOR)).isFalse();
    assertThat(memory.blocks[block]).isEqualTo(new byte[FakeMemory.BLOCK]);
    assertThat(match(HARBOR)).isZero();
    assertThat(kv.wake(foreign, other)).isTrue();
    assertThat(memory.blocks[foreign]).isEqualTo(content());
  }

  @Test
  void alwaysSealsFullBlocksWhileTheyAreReadAndLeavesTheOneThatIsWritten() {
    kv = cache(Sealing.ALWAYS);
    int full = running(HARBOR, true);
    int written = kv.allocate(HARBOR, 0, true);
    memory.blocks[written][0] = 9;
    kv.sealResting();
    assertThat(kv.sealOf(full)).isPositive();
    assertThat(memory.blocks[full]).isNotEqualTo(content());
    assertThat(memory.blocks[written][0]).isEqualTo((byte) 9);

    assertThat(match(HARBOR)).isEqualTo(1);
    assertThat(kv.sealOf(full)).isPositive();
  }

  @Test
  void whatWasExportedComesBackToItsTenantAlone() {
    int block = running(HARBOR, false);
    ExportedBlock exported = kv.export(block, HARBOR);
    assertThat(Arrays.copyOf(exported.content, FakeMemory.BYTES)).isNotEqualTo(content());
    assertThatThrownBy(() -> kv.export(block, PIRATES)).isInstanceOf(IsolationViolation.class);

    int own = kv.allocate(HARBOR, 0, false);
    assertThat(kv.restore(own, HARBOR, exported)).isTrue();
    assertThat(memory.blocks[own]).isEqualTo(content());

    int foreign = kv.allocate(PIRATES, 0, false);
    assertThat(kv.restore(foreign, PIRATES, exported)).isFalse();
    assertThat(memory.blocks[foreign]).isEqualTo(new byte[FakeMemory.BLOCK]);
    kv.drop(exported);
    assertThat(kv.keys()).isZero();
  }

  @Test
  void anExportOfASealedBlockIsTheSealedContent() {
    int block = running(HARBOR, true);
    kv.rest(block, HARBOR);
    kv.sealResting();
    ExportedBlock exported = kv.export(block, HARBOR);
    int own = kv.allocate(HARBOR, 0, true);

    assertThat(kv.restore(own, HARBOR, exported)).isTrue();
    assertThat(memory.blocks[own]).isEqualTo(content());
    assertThat(kv.sealOf(block)).isPositive();
  }
}
