package dev.cofferdam.worker.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KvCacheTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final TenantId PIRATES = new TenantId("pixel-pirates");
  private static final Digest ROOT = digest(0);
  private static final int BLOCK_BYTES = 100;

  private final FakeMemory memory = new FakeMemory(4);
  private final List<Integer> zeroed = memory.zeroed;
  private final CacheJournal journal = new CacheJournal(8);
  private final KvCache kv = new KvCache(4, 2, BLOCK_BYTES, memory, Sealing.AT_REST, journal);

  private static Digest digest(int name) {
    byte[] bytes = new byte[32];
    bytes[0] = (byte) name;
    return new Digest(bytes);
  }

  /** A block with the given tokens in the tenant's cache, held by nobody else. */
  private int cached(TenantId tenant, double weight, Digest parent, Digest digest, int... tokens) {
    int block = kv.allocate(tenant, 0, false);
    kv.keep(tenant, weight, parent, digest, tokens, 0, block);
    kv.release(block, tenant);
    return block;
  }

  @Test
  void aReleasedBlockIsZeroedBeforeAnyoneIsGivenIt() {
    for (int i = 0; i < 4; i++) {
      kv.allocate(HARBOR, 0, false);
    }
    assertThat(kv.allocate(PIRATES, 0, false)).isEqualTo(BlockPool.NONE);
    kv.release(2, HARBOR);
    assertThat(zeroed).isEmpty();
    assertThat(kv.pool().owner(2)).isEqualTo(HARBOR);

    assertThat(kv.allocate(PIRATES, 0, false)).isEqualTo(2);
    assertThat(zeroed).containsExactly(2);
    assertThat(kv.pool().owner(2)).isEqualTo(PIRATES);
    assertThat(kv.pool().zeroedTotal()).isEqualTo(1);
  }

  @Test
  void whatATenantIsSureOfIsKeptFreeAndItsCachedBlocksAreNotEvictedForOthers() {
    cached(PIRATES, 1, ROOT, digest(1), 5, 6);
    assertThat(kv.guarantee(Map.of(PIRATES, 2L * BLOCK_BYTES + 99))).isTrue();

    assertThat(kv.available(HARBOR, 0)).isEqualTo(2);
    assertThat(kv.blocksMax(HARBOR, 0)).isEqualTo(2);
    kv.allocate(HARBOR, 0, false);
    kv.allocate(HARBOR, 0, false);
    assertThat(kv.allocate(HARBOR, 0, false)).isEqualTo(BlockPool.NONE);
    assertThat(kv.cached()).isEqualTo(1);
    assertThat(kv.sure(PIRATES)).isEqualTo(2);
    assertThat(kv.allocate(PIRATES, 0, false)).isNotEqualTo(BlockPool.NONE);
    assertThat(kv.allocate(PIRATES, 0, false)).isNotEqualTo(BlockPool.NONE);
    assertThat(kv.cached()).isZero();
  }

  @Test
  void aNewGuaranteeTakesWhatOthersHaveCachedAtOnceAndIsScaledToThePool() {
    cached(HARBOR, 1, ROOT, digest(1), 5, 6);
    cached(HARBOR, 1, digest(1), digest(2), 7, 8);
    assertThat(kv.guarantee(Map.of(PIRATES, 3L * BLOCK_BYTES))).isTrue();
    assertThat(kv.cached()).isEqualTo(1);
    assertThat(kv.pool().free()).isEqualTo(3);

    assertThat(kv.guarantee(Map.of(PIRATES, 600L, HARBOR, 200L))).isFalse();
    assertThat(kv.pool().guaranteed(PIRATES)).isEqualTo(3);
    assertThat(kv.pool().guaranteed(HARBOR)).isEqualTo(1);
    assertThat(kv.guarantee(Map.of())).isTrue();
    assertThat(kv.available(HARBOR, 0)).isEqualTo(4);
  }

  @Test
  void aBlockThatCannotBeZeroedIsGivenToNobody() {
    KvCache broken =
        new KvCache(
            1,
            2,
            BLOCK_BYTES,
            new FakeMemory(0), // it has not even the one block
            Sealing.AT_REST,
            journal);
    broken.release(broken.allocate(HARBOR, 0, false), HARBOR);

    assertThatThrownBy(() -> broken.allocate(PIRATES, 0, false))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(broken.pool().free()).isZero();
    assertThat(broken.pool().owner(0)).isEqualTo(HARBOR);
  }

  @Test
  void everyUseByAnotherTenantIsStoppedAndCounted() {
    int block = kv.allocate(HARBOR, 0, false);
    BlockPool pool = kv.pool();

    assertThatThrownBy(() -> pool.check(block, PIRATES)).isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> pool.retain(block, PIRATES)).isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> pool.release(block, PIRATES)).isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> pool.checkWritable(block, PIRATES))
        .isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> kv.forget(block, PIRATES)).isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> pool.check(3, HARBOR)).isInstanceOf(IsolationViolation.class);
    assertThatThrownBy(() -> pool.check(-1, HARBOR)).isInstanceOf(IsolationViolation.class);
    assertThat(pool.violations()).isEqualTo(7);
    pool.check(block, HARBOR);
  }

  @Test
  void aSharedBlockMustNotBeWritten() {
    int block = kv.allocate(HARBOR, 0, false);
    kv.pool().checkWritable(block, HARBOR);
    kv.keep(HARBOR, 1, ROOT, digest(1), new int[] {5, 6}, 0, block);

    assertThatThrownBy(() -> kv.pool().checkWritable(block, HARBOR))
        .isInstanceOf(IsolationViolation.class);
  }

  @Test
  void theSamePromptIsFoundByItsTenantAndByNoOther() {
    int block = cached(HARBOR, 1, ROOT, digest(1), 5, 6);
    int[] into = new int[2];
    List<Digest> digests = List.of(digest(1));

    assertThat(kv.match(HARBOR, ROOT, digests, new int[] {5, 6, 7}, 0, 3, into)).isEqualTo(1);
    assertThat(into[0]).isEqualTo(block);
    assertThat(kv.match(PIRATES, ROOT, digests, new int[] {5, 6, 7}, 0, 3, into)).isZero();
  }

  @Test
  void equalDigestsOfDifferentTokensOrParentsAreNoHit() {
    cached(HARBOR, 1, ROOT, digest(1), 5, 6);
    int[] into = new int[2];
    List<Digest> digests = List.of(digest(1));

    assertThat(kv.match(HARBOR, ROOT, digests, new int[] {5, 9, 7}, 0, 3, into)).isZero();
    assertThat(kv.match(HARBOR, digest(9), digests, new int[] {5, 6, 7}, 0, 3, into)).isZero();
  }

  @Test
  void atLeastOneTokenIsLeftToBeComputed() {
    cached(HARBOR, 1, ROOT, digest(1), 5, 6);
    int[] into = new int[2];

    assertThat(kv.match(HARBOR, ROOT, List.of(digest(1)), new int[] {5, 6}, 0, 2, into)).isZero();
  }

  @Test
  void aTenantAtItsQuotaEvictsItsOwnBlocksAndNoOthers() {
    int foreign = cached(PIRATES, 0.1, ROOT, digest(1), 5, 6);
    int own = cached(HARBOR, 1, ROOT, digest(2), 5, 6);

    assertThat(kv.allocate(HARBOR, BLOCK_BYTES, false)).isEqualTo(own);
    assertThat(kv.allocate(HARBOR, BLOCK_BYTES, false)).isEqualTo(BlockPool.NONE);
    assertThat(kv.pool().owner(foreign)).isEqualTo(PIRATES);
    assertThat(zeroed).containsExactly(own);
  }

  @Test
  void whenThePoolIsFullOwnIdleBlocksGoFirstThenThoseOfTheLeastWeight() {
    TenantId parcel = new TenantId("nordic-parcel");
    int heavy = cached(HARBOR, 1, ROOT, digest(1), 1, 1);
    int lightOld = cached(PIRATES, 0.2, ROOT, digest(2), 1, 1);
    int lightNew = cached(PIRATES, 0.2, ROOT, digest(3), 2, 2);
    int own = cached(parcel, 0.5, ROOT, digest(4), 1, 1);

    assertThat(kv.allocate(parcel, 0, false)).isEqualTo(own);
    assertThat(kv.allocate(parcel, 0, false)).isEqualTo(lightOld);
    assertThat(kv.allocate(parcel, 0, false)).isEqualTo(lightNew);
    assertThat(kv.allocate(parcel, 0, false)).isEqualTo(heavy);
    assertThat(kv.allocate(parcel, 0, false)).isEqualTo(BlockPool.NONE);
    assertThat(zeroed).containsExactly(own, lightOld, lightNew, heavy);
  }

  @Test
  void aBlockThatASequenceHoldsIsNeverEvicted() {
    int block = cached(HARBOR, 1, ROOT, digest(1), 5, 6);
    int[] into = new int[1];
    kv.match(HARBOR, ROOT, List.of(digest(1)), new int[] {5, 6, 7}, 0, 3, into);
    for (int i = 0; i < 3; i++) {
      kv.allocate(PIRATES, 0, false);
    }

    assertThat(kv.allocate(PIRATES, 0, false)).isEqualTo(BlockPool.NONE);
    kv.release(block, HARBOR);
    assertThat(kv.allocate(PIRATES, 0, false)).isEqualTo(block);
  }

  @Test
  void theJournalTellsChangesAndStartsAnewForAReaderThatIsTooFarBehind() {
    cached(HARBOR, 1, ROOT, digest(1), 5, 6);
    CacheJournal.Changes first = journal.after(-1);
    assertThat(first.reset()).isTrue();
    assertThat(first.added()).containsExactly(digest(1));

    cached(HARBOR, 1, ROOT, digest(2), 7, 8);
    for (int i = 0; i < 3; i++) {
      kv.allocate(PIRATES, 0, false);
    }
    CacheJournal.Changes second = journal.after(first.cursor());
    assertThat(second.reset()).isFalse();
    assertThat(second.added()).containsExactly(digest(2));
    assertThat(second.removed()).containsExactly(digest(1));
    assertThat(journal.after(second.cursor()).isEmpty()).isTrue();

    kv.release(0, PIRATES);
    for (int i = 10; i < 20; i++) {
      cached(HARBOR, 1, ROOT, digest(i), i, i);
    }
    assertThat(journal.after(second.cursor()).reset()).isTrue();
  }
}
