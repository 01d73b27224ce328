package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class AesKeyScheduleTest {
  @Test
  void expandsTheKeyOfTheStandardsExample() {
    byte[] key =
        HexFormat.of().parseHex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    int[] words = AesKeySchedule.expand(key); // FIPS 197, appendix A.3
    assertThat(words).hasSize(60);
    assertThat(words[0]).isEqualTo(0x603deb10);
    assertThat(words[8]).isEqualTo(0x9ba35411);
    assertThat(words[12]).isEqualTo(0xa8b09c1a);
    assertThat(words[16]).isEqualTo(0xd59aecb8);
    assertThat(words[59]).isEqualTo(0x706c631e);
    AesKeySchedule.wipe(words);
    assertThat(words).containsOnly(0);
  }
}
