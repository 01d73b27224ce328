package dev.cofferdam.worker.adapter.registry.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.cofferdam.worker.adapter.registry.AdapterFiles;
import dev.cofferdam.worker.adapter.registry.AdapterPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SealedAdaptersTest {
  private static final AdapterPath TONE = AdapterPath.of("acme/tone");
  private static final AdapterPath OTHER = AdapterPath.of("acme/other");
  private static final String V1 = "1".repeat(64);
  private static final String V2 = "2".repeat(64);
  private static final int MIB = 1 << 20;

  @TempDir Path temp;

  private Path folder() {
    return temp.resolve("cache");
  }

  private SealedAdapters open(long bytesMax, Seal seal, String... pinned) throws IOException {
    return new SealedAdapters(folder(), bytesMax, seal, Set.of(pinned));
  }

  private static AdapterFiles files(int configBytes, int weightBytes) {
    SplittableRandom random = new SplittableRandom(configBytes + 31L * weightBytes);
    byte[] config = new byte[configBytes];
    byte[] weights = new byte[weightBytes];
    random.nextBytes(config);
    random.nextBytes(weights);
    return new AdapterFiles(config, weights);
  }

  private List<Path> onDisk() throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      return files.toList();
    }
  }

  private static void assertSame(AdapterFiles actual, AdapterFiles expected) {
    assertThat(actual.config()).isEqualTo(expected.config());
    assertThat(actual.weights()).isEqualTo(expected.weights());
  }

  private Path keyFile(String digits) throws IOException {
    return Files.writeString(temp.resolve("key"), digits + "\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 3 * MIB + 77})
  void givesBackWhatWasKept(int weightBytes) throws IOException {
    SealedAdapters cache = open(10 * MIB, Seal.ofProcess());
    AdapterFiles files = files(weightBytes % 1_000, weightBytes);
    cache.keep(TONE, V1, files);
    assertSame(cache.find(TONE, V1).orElseThrow(), files);
    assertThat(cache.bytes()).isEqualTo(Files.size(onDisk().getFirst()));
    assertThat(cache.find(TONE, V2)).isEmpty();
    assertThat(cache.find(OTHER, V1)).isEmpty();
  }

  @Test
  void nothingOnDiskTellsTheContentOrTheName() throws IOException {
    SealedAdapters cache = open(10 * MIB, Seal.ofProcess());
    cache.keep(TONE, V1, new AdapterFiles(new byte[4_000], new byte[MIB]));
    Path file = onDisk().getFirst();
    byte[] stored = Files.readAllBytes(file);
    for (int from = 100; from + 16 <= stored.length; from += 16) {
      assertThat(Arrays.mismatch(stored, from, from + 16, new byte[16], 0, 16)).isNotNegative();
    }
    assertThat(file.getFileName().toString()).doesNotContain("tone", V1.substring(0, 16));
  }

  @Test
  void theSameFilesAreSealedDifferentlyEachTime() throws IOException {
    SealedAdapters cache = open(10 * MIB, Seal.ofProcess());
    cache.keep(TONE, V1, files(10, 100));
    byte[] first = Files.readAllBytes(onDisk().getFirst());
    cache.keep(TONE, V1, files(10, 100));
    byte[] second = Files.readAllBytes(onDisk().getFirst());
    assertThat(Arrays.copyOfRange(second, 60, second.length))
        .isNotEqualTo(Arrays.copyOfRange(first, 60, first.length));
    assertThat(cache.bytes()).isEqualTo(second.length);
  }

  @Test
  void anAlteredFileIsDiscarded() throws IOException {
    SealedAdapters cache = open(10 * MIB, Seal.ofProcess());
    SplittableRandom random = new SplittableRandom(5);
    AdapterFiles files = files(200, 2 * MIB + 5);
    for (int i = 0; i < 60; i++) {
      cache.keep(TONE, V1, files);
      Path file = onDisk().getFirst();
      byte[] stored = Files.readAllBytes(file);
      int at = i < 40 ? i * 2 : random.nextInt(stored.length);
      stored[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, stored);
      assertThat(cache.find(TONE, V1)).as("byte %d", at).isEmpty();
      assertThat(file).doesNotExist();
      assertThat(cache.bytes()).isZero();
    }
  }

  @Test
  void aTornFileIsDiscarded() throws IOException {
    SealedAdapters cache = open(10 * MIB, Seal.ofProcess());
    AdapterFiles files = files(200, 2 * MIB);
    for (int left : new int[] {0, 10, 51, 52, 60, 268, 300, MIB + 284, 2 * MIB + 299}) {
      cache.keep(TONE, V1, files);
      Path file = onDisk().getFirst();
      Files.write(file, Arrays.copyOf(Files.readAllBytes(file), left));
      assertThat(cache.find(TONE, V1)).as("%d bytes", left).isEmpty();
      assertThat(file).doesNotExist();
    }
  }

  @Test
  void aFileInThePlaceOfAnotherIsDiscarded() throws IOException {
    SealedAdapters cache = open(10 * MIB, Seal.ofProcess());
    cache.keep(TONE, V1, files(10, 100));
    Path tone = onDisk().getFirst();
    byte[] stored = Files.readAllBytes(tone);
    cache.keep(OTHER, V1, files(10, 200));
    Path other = onDisk().stream().filter(f -> !f.equals(tone)).findAny().orElseThrow();
    Files.write(other, stored);
    assertThat(cache.find(OTHER, V1)).isEmpty();
    assertThat(cache.find(TONE, V1)).isPresent();
  }

  @Test
  void theLeastRecentlyUsedMakesRoom() throws IOException {
    SealedAdapters cache = open(3 * MIB, Seal.ofProcess());
    AdapterFiles files = files(10, MIB - 1_000);
    AdapterPath third = AdapterPath.of("third");
    cache.keep(TONE, V1, files);
    cache.keep(OTHER, V1, files);
    cache.keep(third, V1, files);
    assertThat(cache.find(TONE, V1)).isPresent();
    cache.keep(TONE, V2, files);
    assertThat(cache.find(OTHER, V1)).isEmpty();
    assertThat(cache.find(TONE, V1)).isPresent();
    assertThat(cache.find(third, V1)).isPresent();
    assertThat(cache.bytes()).isLessThanOrEqualTo(3 * MIB);
    assertThat(onDisk()).hasSize(3);
  }

  @Test
  void whatIsLargerThanTheCapIsNotKept() throws IOException {
    SealedAdapters cache = open(MIB, Seal.ofProcess());
    cache.keep(OTHER, V1, files(10, 100));
    cache.keep(TONE, V1, files(10, MIB));
    assertThat(cache.find(TONE, V1)).isEmpty();
    assertThat(cache.find(OTHER, V1)).isPresent();
  }

  @Test
  void aPinnedOneStaysUntilAnotherVersionOfItIsUsed() throws IOException {
    SealedAdapters cache = open(2 * MIB, Seal.ofProcess(), "acme/tone");
    AdapterFiles files = files(10, MIB - 1_000);
    cache.keep(TONE, V1, files);
    cache.keep(OTHER, V1, files);
    cache.keep(OTHER, V2, files);
    assertThat(cache.find(TONE, V1)).isPresent();
    assertThat(cache.find(OTHER, V1)).isEmpty();
    cache.keep(TONE, V2, files);
    cache.keep(OTHER, V1, files);
    assertThat(cache.find(TONE, V2)).isPresent();
    assertThat(cache.find(TONE, V1)).isEmpty();
    assertThat(cache.bytes()).isLessThanOrEqualTo(2 * MIB);
  }

  @Test
  void whatAKeyFileSealedOutlivesTheProcessAndAnUnfinishedFileDoesNot() throws IOException {
    Path keyFile = keyFile("ab".repeat(32));
    AdapterFiles files = files(10, 100);
    open(MIB, Seal.of(keyFile)).keep(TONE, V1, files);
    Files.write(folder().resolve("x.0.partial"), new byte[5]);
    SealedAdapters next = open(MIB, Seal.of(keyFile));
    assertSame(next.find(TONE, V1).orElseThrow(), files);
    assertThat(onDisk()).hasSize(1);
  }

  @Test
  void whatAnotherKeySealedIsDeletedAtTheStart() throws IOException {
    open(MIB, Seal.ofProcess()).keep(TONE, V1, files(10, 100));
    SealedAdapters next = open(MIB, Seal.ofProcess());
    assertThat(next.find(TONE, V1)).isEmpty();
    assertThat(onDisk()).isEmpty();
    assertThat(next.bytes()).isZero();
  }

  @Test
  void aSmallerCapHoldsFromTheStart() throws IOException {
    Path keyFile = keyFile("ab".repeat(32));
    SealedAdapters cache = open(2 * MIB, Seal.of(keyFile));
    cache.keep(TONE, V1, files(10, MIB / 2));
    cache.keep(OTHER, V1, files(10, MIB / 2));
    assertThat(open(MIB, Seal.of(keyFile)).bytes()).isLessThanOrEqualTo(MIB);
    assertThat(onDisk()).hasSize(1);
  }

  @Test
  void aFolderThatIsGoneCostsTheCacheAlone() throws IOException {
    SealedAdapters cache = open(MIB, Seal.ofProcess());
    Files.move(folder(), temp.resolve("moved"), StandardCopyOption.ATOMIC_MOVE);
    cache.keep(TONE, V1, files(10, 100));
    assertThat(cache.find(TONE, V1)).isEmpty();
    assertThat(cache.bytes()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ab", "zz"})
  void refusesAKeyFileWithoutAKey(String digits) throws IOException {
    Path file = keyFile(digits.equals("zz") ? "zz".repeat(32) : digits);
    assertThatIllegalArgumentException().isThrownBy(() -> Seal.of(file));
  }
}
