package dev.cofferdam.audit.sealing.file;

import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.MasterKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keys in files that only their owner may read; a file that is absent is created once.
 *
 * <ul>
 *   <li>master key: 32 random bytes
 *   <li>signing key: Ed25519 seed and public key, 32 bytes each (the usual 64-byte form)
 * </ul>
 */
public final class KeyFiles {
  private static final Logger LOG = LoggerFactory.getLogger(KeyFiles.class);
  private static final int ED25519_BYTES = 32;

  /** What an X.509 key of Ed25519 has in front of its bytes (RFC 8410). */
  private static final byte[] X509 = HexFormat.of().parseHex("302a300506032b6570032100");

  private KeyFiles() {}

  /**
   * The master key of a file.
   *
   * @throws IllegalStateException where the file is no key, or others may read it
   */
  public static MasterKey masterKey(Path file) {
    return new MasterKey(read(file, MasterKey.BYTES, KeyFiles::newMasterKey));
  }

  /**
   * The Ed25519 key pair of a file.
   *
   * @throws IllegalStateException where the file is no key pair, or others may read it
   */
  public static KeyPair signingKey(Path file) {
    byte[] both = read(file, 2 * ED25519_BYTES, KeyFiles::newSigningKey);
    try {
      KeyFactory keys = KeyFactory.getInstance("Ed25519");
      byte[] seed = Arrays.copyOf(both, ED25519_BYTES);
      byte[] encoded =
          ByteBuffer.allocate(X509.length + ED25519_BYTES)
              .put(X509)
              .put(both, ED25519_BYTES, ED25519_BYTES)
              .array();
      KeyPair pair =
          new KeyPair(
              keys.generatePublic(new X509EncodedKeySpec(encoded)),
              keys.generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, seed)));
      if (!belongTogether(pair)) {
        throw new IllegalStateException(file + ": its public key is not that of its seed");
      }
      return pair;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(file + " is no Ed25519 key", e);
    }
  }

  private static boolean belongTogether(KeyPair pair) throws GeneralSecurityException {
    Signature signature = Signature.getInstance("Ed25519");
    signature.initSign(pair.getPrivate());
    byte[] signed = signature.sign();
    signature.initVerify(pair.getPublic());
    return signature.verify(signed);
  }

  private static byte[] newMasterKey() {
    byte[] key = new byte[MasterKey.BYTES];
    AesGcm.random().nextBytes(key);
    return key;
  }

  private static byte[] newSigningKey() {
    try {
      KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      byte[] seed =
          ((EdECPrivateKey) pair.getPrivate())
              .getBytes()
              .orElseThrow(() -> new IllegalStateException("the JDK hides the new key"));
      byte[] encoded = pair.getPublic().getEncoded();
      return ByteBuffer.allocate(2 * ED25519_BYTES)
          .put(seed)
          .put(encoded, encoded.length - ED25519_BYTES, ED25519_BYTES)
          .array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no Ed25519", e);
    }
  }

  private static byte[] read(Path file, int bytes, Supplier<byte[]> fresh) {
    try {
      if (!Files.exists(file)) {
        create(file, fresh.get());
      }
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      if (permissions.contains(PosixFilePermission.OTHERS_READ)
          || permissions.contains(PosixFilePermission.GROUP_READ)) {
        throw new IllegalStateException(
            file + " may be read by others (expected: mode 0600 or 0400)");
      }
      byte[] key = Files.readAllBytes(file);
      if (key.length != bytes) {
        throw new IllegalStateException(
            file + " has " + key.length + " bytes (expected: " + bytes + ")");
      }
      return key;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the key " + file, e);
    }
  }

  private static void create(Path file, byte[] key) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    // Written beside and linked into place: no reader ever sees half a key, and the first one wins.
    Path fresh =
        Files.createTempFile(
            folder,
            file.getFileName().toString(),
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      Files.write(fresh, key, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.DSYNC);
      Files.createLink(file, fresh);
    } catch (FileAlreadyExistsException e) {
      LOG.debug("another process created {} first; its key counts", file);
    } finally {
      Files.delete(fresh);
    }
  }
}
