package dev.cofferdam.gateway.quota.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Redis Cluster asks of scripts: one slot for all keys, and all keys declared. */
class ClusterTest {
  private static final int SLOTS = 16_384;

  /** A command of a script, and its key. */
  private static final Pattern CALL =
      Pattern.compile("redis\\.call\\('(\\w+)'(?:, ([\\w\\[\\]]+))?");

  @Test
  void theChecksumIsThatOfTheSpecification() {
    assertThat(crc16("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0x31C3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"acme", "a", "harbor-books", "0-0", "x23456789012345678901234567890"})
  void allKeysOfARequestAreInOneSlot(String tenant) {
    List<String> keys = TenantKeys.of(new TenantId(tenant), "model{of}braces}{");

    assertThat(keys).hasSize(6).doesNotHaveDuplicates();
    assertThat(keys.stream().map(ClusterTest::slot).distinct()).hasSize(1);
  }

  @Test
  void tenantsAreSpreadOverSlots() {
    long slots =
        java.util.stream.IntStream.range(0, 1_000)
            .mapToObj(i -> slot(TenantKeys.of(new TenantId("tenant-" + i), "m").getFirst()))
            .distinct()
            .count();

    assertThat(slots).isGreaterThan(900);
  }

  @ParameterizedTest
  @EnumSource(Script.class)
  void scriptsTouchDeclaredKeysOnly(Script script) {
    Matcher calls = CALL.matcher(script.source());
    int seen = 0;
    while (calls.find()) {
      seen++;
      if (!calls.group(1).equals("TIME")) {
        // "key" is the parameter of functions that get one of them.
        assertThat(calls.group(2)).isNotNull().matches("KEYS\\[([1-6]|i)]|key");
      }
    }
    assertThat(seen).isPositive();
    assertThat(script.source().replace("redis.call('", "")).doesNotContain("redis.call");
  }

  /** As the specification has it: of the first pair of braces with something inside. */
  private static int slot(String key) {
    int open = key.indexOf('{');
    int close = open < 0 ? -1 : key.indexOf('}', open + 1);
    String hashed = close > open + 1 ? key.substring(open + 1, close) : key;
    return crc16(hashed.getBytes(StandardCharsets.UTF_8)) % SLOTS;
  }

  /** CRC-16/XMODEM. */
  private static int crc16(byte[] bytes) {
    int crc = 0;
    for (byte b : bytes) {
      crc ^= (b & 0xff) << 8;
      for (int i = 0; i < 8; i++) {
        crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
      }
      crc &= 0xffff;
    }
    return crc;
  }
}
