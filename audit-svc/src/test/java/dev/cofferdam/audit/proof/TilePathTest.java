package dev.cofferdam.audit.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TilePathTest {
  @Test
  void thePathsAreThoseOfTheSpecification() {
    assertThat(new TilePath(false, 0, 1_234_067, 256).text()).isEqualTo("tile/0/x001/x234/067");
    assertThat(new TilePath(true, 0, 5, 112).text()).isEqualTo("tile/entries/005.p/112");
  }

  /** 273 full tiles and one of 112 at level 0, one full and one of 17 at level 1, one of 1. */
  @Test
  void aTreeOfSeventyThousandHasTheTilesOfTheSpecification() {
    long size = 70_000;
    assertThat(TilePath.holding(0, 69_999, size)).isEqualTo(new TilePath(false, 0, 273, 112));
    assertThat(TilePath.holding(0, 69_887, size)).isEqualTo(new TilePath(false, 0, 272, 256));
    assertThat(TilePath.holding(1, 255, size)).isEqualTo(new TilePath(false, 1, 0, 256));
    assertThat(TilePath.holding(1, 256, size)).isEqualTo(new TilePath(false, 1, 1, 17));
    assertThat(TilePath.holding(2, 0, size)).isEqualTo(new TilePath(false, 2, 0, 1));
    assertThat(new TilePath(false, 2, 0, 2).isWithin(size)).isFalse();
    assertThat(new TilePath(false, 2, 0, 1).isWithin(size)).isTrue();
  }

  @Test
  void everyPathIsReadAsItIsWritten() {
    SplittableRandom random = new SplittableRandom(64);
    for (int i = 0; i < 10_000; i++) {
      boolean entries = random.nextBoolean();
      TilePath path =
          new TilePath(
              entries,
              entries ? 0 : random.nextInt(64),
              random.nextLong(1L << random.nextInt(1, 50)),
              1 + random.nextInt(256));
      assertThat(TilePath.parse(path.text())).contains(path);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/000",
        "tile/0/1",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/007",
        "tile/0/-01",
        "tile/data/000",
        "tile/0/../000",
        "tile/0/000/",
        "/tile/0/000"
      })
  void whatIsNoPathIsRefused(String path) {
    assertThat(TilePath.parse(path)).isEqualTo(Optional.empty());
  }
}
