package dev.cofferdam.audit.sealing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.audit.sealing.file.KeyFiles;
import dev.cofferdam.vocabulary.TenantId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SealingTest {
  private static final TenantId TENANT = new TenantId("harbor-books");
  private static final byte[] PLAIN = "a record".getBytes(UTF_8);

  private static final SealedRecord.Label LABEL = new SealedRecord.Label(3, 1_772_000_000_000L);

  private static DataKey key(TenantId tenant) {
    byte[] bytes = new byte[32];
    AesGcm.random().nextBytes(bytes);
    return new DataKey(UUID.randomUUID(), tenant, new SecretKeySpec(bytes, "AES"));
  }

  @Test
  void aSealedRecordOpensAfterItsBytesWereStored() {
    DataKey key = key(TENANT);
    byte[] leaf = SealedRecord.seal(key, "e1", LABEL, PLAIN).encode();
    assertThat(SealedRecord.decode(leaf).open(key, "e1")).isEqualTo(PLAIN);
    assertThat(new String(leaf, UTF_8)).doesNotContain("a record");
  }

  @Test
  void theLeafHasTheDocumentedForm() {
    DataKey key = key(TENANT);
    byte[] leaf = SealedRecord.seal(key, "e1", LABEL, PLAIN).encode();
    assertThat(leaf[0]).isEqualTo((byte) 2);
    assertThat(leaf[1]).isEqualTo((byte) 12);
    assertThat(new String(leaf, 2, 12, UTF_8)).isEqualTo("harbor-books");
    assertThat(leaf[14]).isEqualTo((byte) 3);
    assertThat(ByteBuffer.wrap(leaf, 15, 8).getLong()).isEqualTo(LABEL.occurredMs());
    assertThat(leaf).hasSize(2 + 12 + 1 + 8 + 16 + 12 + PLAIN.length + 16);
    assertThat(SealedRecord.decode(leaf).label()).contains(LABEL);
  }

  @Test
  void aLeafOfTheFirstVersionStillOpens() {
    DataKey key = key(TENANT);
    byte[] nonce = AesGcm.nonce();
    byte[] sealed = AesGcm.encrypt(key.key(), nonce, "harbor-books\ne1".getBytes(UTF_8), PLAIN);
    byte[] leaf =
        ByteBuffer.allocate(2 + 12 + 16 + 12 + sealed.length)
            .put((byte) 1)
            .put((byte) 12)
            .put("harbor-books".getBytes(UTF_8))
            .putLong(key.id().getMostSignificantBits())
            .putLong(key.id().getLeastSignificantBits())
            .put(nonce)
            .put(sealed)
            .array();
    SealedRecord record = SealedRecord.decode(leaf);
    assertThat(record.label()).isEmpty();
    assertThat(record.open(key, "e1")).isEqualTo(PLAIN);
    assertThat(record.encode()).isEqualTo(leaf);
  }

  @Test
  void aRecordDoesNotOpenAsAnotherEventOrUnderAnotherKey() {
    DataKey key = key(TENANT);
    SealedRecord sealed = SealedRecord.seal(key, "e1", LABEL, PLAIN);
    assertThatThrownBy(() -> sealed.open(key, "e2")).isInstanceOf(UnsealableException.class);
    assertThatThrownBy(() -> sealed.open(key(TENANT), "e1"))
        .isInstanceOf(UnsealableException.class);
    DataKey sameId = new DataKey(key.id(), TENANT, key(TENANT).key());
    assertThatThrownBy(() -> sealed.open(sameId, "e1")).isInstanceOf(UnsealableException.class);
  }

  @Test
  void everyChangedBitKeepsARecordShut() {
    DataKey key = key(TENANT);
    byte[] leaf = SealedRecord.seal(key, "e1", LABEL, PLAIN).encode();
    for (int bit = 0; bit < leaf.length * 8; bit++) {
      byte[] forged = leaf.clone();
      forged[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThatThrownBy(() -> SealedRecord.decode(forged).open(key, "e1"))
          .isInstanceOf(UnsealableException.class);
    }
  }

  @Test
  void theSameRecordIsNeverSealedTwiceAlike() {
    DataKey key = key(TENANT);
    assertThat(SealedRecord.seal(key, "e1", LABEL, PLAIN).encode())
        .isNotEqualTo(SealedRecord.seal(key, "e1", LABEL, PLAIN).encode());
  }

  @Test
  void aWrappedKeyOpensForItsOwnTenantOnly(@TempDir Path folder) {
    MasterKey master = KeyFiles.masterKey(folder.resolve("kek"));
    DataKey key = key(TENANT);
    byte[] wrapped = master.wrap(key);
    assertThat(KeyFiles.masterKey(folder.resolve("kek")).unwrap(key.id(), TENANT, wrapped).key())
        .isEqualTo(key.key());
    assertThatThrownBy(() -> master.unwrap(key.id(), new TenantId("pixel-pirates"), wrapped))
        .isInstanceOf(UnsealableException.class);
    assertThatThrownBy(
            () -> KeyFiles.masterKey(folder.resolve("b")).unwrap(key.id(), TENANT, wrapped))
        .isInstanceOf(UnsealableException.class);
  }

  @Test
  void aKeyFileIsMadeOnceForItsOwnerAlone(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("keys/signing");
    byte[] publicKey = KeyFiles.signingKey(file).getPublic().getEncoded();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(KeyFiles.signingKey(file).getPublic().getEncoded()).isEqualTo(publicKey);
    try (var files = Files.list(folder.resolve("keys"))) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void aKeyFileThatOthersMayReadOrThatIsCutIsRefused(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("kek");
    KeyFiles.masterKey(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> KeyFiles.masterKey(file)).isInstanceOf(IllegalStateException.class);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.write(file, new byte[31]);
    assertThatThrownBy(() -> KeyFiles.masterKey(file)).isInstanceOf(IllegalStateException.class);
    Path signing = folder.resolve("signing");
    KeyFiles.signingKey(signing);
    byte[] both = Files.readAllBytes(signing);
    both[0] ^= 1;
    Files.write(signing, both);
    assertThatThrownBy(() -> KeyFiles.signingKey(signing))
        .isInstanceOf(IllegalStateException.class);
  }
}
