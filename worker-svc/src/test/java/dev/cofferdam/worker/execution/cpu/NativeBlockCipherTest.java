package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cofferdam.worker.execution.BlockCipher;
import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.cpu.foreign.NativeBlockCipher;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where this machine has the native cipher. The JDK's is what it is held against. */
class NativeBlockCipherTest {
  private static final int TAG = BlockCipher.TAG_BYTES;
  private final SplittableRandom random = new SplittableRandom(11);
  private final BlockKey key = BlockKey.random(new SecureRandom());

  @BeforeEach
  void needIt() {
    assumeTrue(NativeBlockCipher.usable(16));
  }

  @Test
  void itSealsToTheBitsOfTheJdkAndOpensThem() {
    BlockKey[] keys = {key, BlockKey.random(new SecureRandom())};
    for (int i = 0; i < 300; i++) {
      int bytes = 16 * random.nextInt(1, i % 2 == 0 ? 20 : 600);
      byte[] plain = new byte[bytes + random.nextInt(40)];
      random.nextBytes(plain);
      int at = plain.length - bytes;
      long seal = random.nextLong();
      int index = random.nextInt();
      byte[] expected = new byte[at + bytes + TAG];
      byte[] sealed = new byte[at + bytes + TAG];
      BlockCipher own = new NativeBlockCipher(bytes);
      own.seal(plain, at, sealed, at, keys[1], seal, index);

      new BlockCipher(bytes).seal(plain, at, expected, at, keys[i % 2], seal, index);
      own.seal(plain, at, sealed, at, keys[i % 2], seal, index);
      assertThat(sealed).isEqualTo(expected);

      byte[] opened = new byte[bytes];
      assertThat(own.open(sealed, at, opened, 0, keys[i % 2], seal, index, sealed, at)).isTrue();
      assertThat(opened).isEqualTo(Arrays.copyOfRange(plain, at, at + bytes));
    }
  }

  @Test
  void itWorksInPlace() {
    byte[] plain = new byte[1040];
    random.nextBytes(plain);
    byte[] block = Arrays.copyOf(plain, plain.length + TAG);
    BlockCipher cipher = new NativeBlockCipher(plain.length);
    cipher.seal(block, 0, block, 0, key, 3, 4);
    assertThat(cipher.open(block, 0, block, 0, key, 3, 4)).isTrue();
    assertThat(block).startsWith(plain);
  }

  @Test
  void anotherKeyNumberIndexOrBitGivesZeros() {
    byte[] sealed = new byte[592 + TAG];
    BlockCipher cipher = new NativeBlockCipher(592);
    byte[] plain = new byte[592];
    random.nextBytes(plain);
    cipher.seal(plain, 0, sealed, 0, key, 1, 2);
    byte[] opened = new byte[592];

    for (int bit = 0; bit < 8 * sealed.length; bit++) {
      sealed[bit / 8] ^= (byte) (1 << bit % 8);
      random.nextBytes(opened);
      assertThat(cipher.open(sealed, 0, opened, 0, key, 1, 2)).isFalse();
      assertThat(opened).containsOnly(0);
      sealed[bit / 8] ^= (byte) (1 << bit % 8);
    }
    assertThat(cipher.open(sealed, 0, opened, 0, key, 2, 2)).isFalse();
    assertThat(cipher.open(sealed, 0, opened, 0, key, 1, 3)).isFalse();
    BlockKey other = BlockKey.random(new SecureRandom());
    assertThat(cipher.open(sealed, 0, opened, 0, other, 1, 2)).isFalse();
    assertThat(cipher.open(sealed, 0, opened, 0, key, 1, 2)).isTrue();
    assertThat(opened).isEqualTo(plain);
  }

  @Test
  void aDestroyedKeyOpensAndSealsNothingThoughItWasUsedLast() {
    byte[] sealed = new byte[64 + TAG];
    BlockCipher cipher = new NativeBlockCipher(64);
    cipher.seal(new byte[64], 0, sealed, 0, key, 1, 2);
    key.destroy();
    assertThat(cipher.open(sealed, 0, new byte[64], 0, key, 1, 2)).isFalse();
    assertThatThrownBy(() -> cipher.seal(new byte[64], 0, sealed, 0, key, 2, 2))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void nothingIsReadOrWrittenBeyondTheArrays() {
    BlockCipher cipher = new NativeBlockCipher(64);
    byte[] enough = new byte[64 + TAG];
    byte[] tooShort = new byte[64 + TAG - 1];
    assertThatThrownBy(() -> cipher.seal(enough, 0, tooShort, 0, key, 1, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> cipher.open(tooShort, 0, enough, 0, key, 1, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> cipher.open(enough, 0, enough, 17, key, 1, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> cipher.open(enough, 0, enough, 0, key, 1, 1, tooShort, -1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
