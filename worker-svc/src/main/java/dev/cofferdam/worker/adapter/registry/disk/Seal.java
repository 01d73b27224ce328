package dev.cofferdam.worker.adapter.registry.disk;

import dev.cofferdam.worker.adapter.registry.AdapterFiles;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals the files of an adapter with AES-256-GCM in segments (the STREAM construction of Hoang,
 * Reyhanitabar, Rogaway and Vizár, 2015). Each file has a key of its own, derived (HKDF, RFC 5869)
 * from the worker's key, a random salt and what the file is for; so a nonce is a segment's number,
 * and a file in another one's place does not open. The last segment is marked, so that a file cut
 * short does not open either.
 *
 * <p>A file is: mark of the key (16 bytes), salt (32), bytes of the configuration (4), the
 * configuration as one segment, the weights in segments of 1 MiB; each segment is followed by its
 * tag (16).
 */
public final class Seal {
  private static final int KEY_BYTES = 32;
  private static final int MARK_BYTES = 16;
  private static final int SALT_BYTES = 32;
  private static final int HEADER_BYTES = MARK_BYTES + SALT_BYTES + Integer.BYTES;
  private static final int SEGMENT_BYTES = 1 << 20;
  private static final int TAG_BYTES = 16;
  private static final int NONCE_BYTES = 12;
  private static final int NAME_BYTES = 16;

  private final SecretKey key;
  private final SecretKey nameKey;
  private final byte[] mark;
  private final SecureRandom random = new SecureRandom();

  private Seal(byte[] key) {
    this.key = new SecretKeySpec(key, "HKDF");
    nameKey = derive("Hmac", new byte[0], "names");
    mark = Arrays.copyOf(mac("mark"), MARK_BYTES);
  }

  /** With a key that ends with the process: what it sealed cannot be opened by the next one. */
  public static Seal ofProcess() {
    byte[] key = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(key);
    return new Seal(key);
  }

  /**
   * With a key that outlives the process.
   *
   * @param keyFile holds 64 hexadecimal digits
   * @throws IllegalArgumentException when it does not
   * @throws IOException when it cannot be read
   */
  public static Seal of(Path keyFile) throws IOException {
    String digits = Files.readString(keyFile, StandardCharsets.US_ASCII).strip();
    if (digits.length() != 2 * KEY_BYTES) {
      throw new IllegalArgumentException("the key file does not hold 64 hexadecimal digits");
    }
    return new Seal(HexFormat.of().parseHex(digits));
  }

  /** A name that tells nothing of what it stands for. */
  String name(String of) {
    return HexFormat.of().formatHex(mac("name " + of), 0, NAME_BYTES);
  }

  /** Bytes of a file with these contents. */
  static long sizeOf(AdapterFiles files) {
    return HEADER_BYTES
        + files.config().length
        + TAG_BYTES
        + files.weights().length
        + (long) TAG_BYTES * segments(files.weights().length);
  }

  private static int segments(long weightBytes) {
    return (int) Math.max(1, (weightBytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES);
  }

  /** Whether a file says that it was sealed with this key. */
  boolean made(Path file) throws IOException {
    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
      return MessageDigest.isEqual(in.readNBytes(MARK_BYTES), mark);
    }
  }

  /**
   * Writes a file.
   *
   * @param context what it is for; {@link #open} must say the same
   */
  void write(Path file, String context, AdapterFiles files) throws IOException {
    byte[] salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    int configBytes = files.config().length;
    SecretKey fileKey = fileKey(salt, configBytes, context);
    byte[] sealed = new byte[SEGMENT_BYTES + TAG_BYTES];
    try (OutputStream raw = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW);
        DataOutputStream out = new DataOutputStream(raw)) {
      out.write(mark);
      out.write(salt);
      out.writeInt(configBytes);
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, fileKey, nonce(0, false));
      out.write(cipher.doFinal(files.config()));
      byte[] weights = files.weights();
      int segments = segments(weights.length);
      for (int i = 0; i < segments; i++) {
        int from = i * SEGMENT_BYTES;
        int count = Math.min(SEGMENT_BYTES, weights.length - from);
        cipher.init(Cipher.ENCRYPT_MODE, fileKey, nonce(i + 1, i == segments - 1));
        out.write(sealed, 0, cipher.doFinal(weights, from, count, sealed, 0));
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What was sealed; empty when the file is not whole, was altered, or is for something else. */
  Optional<AdapterFiles> open(Path file, String context) throws IOException {
    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
      long left = Files.size(file) - HEADER_BYTES;
      if (left < 0 || !MessageDigest.isEqual(in.readNBytes(MARK_BYTES), mark)) {
        return Optional.empty();
      }
      byte[] salt = in.readNBytes(SALT_BYTES);
      int configBytes = in.readInt();
      if (configBytes < 0 || configBytes > AdapterFiles.CONFIG_BYTES_MAX) {
        return Optional.empty();
      }
      left -= configBytes + TAG_BYTES;
      long segments = Math.max(1, Math.ceilDiv(left, SEGMENT_BYTES + TAG_BYTES));
      long weightBytes = left - segments * TAG_BYTES;
      if (weightBytes < 0 || weightBytes > AdapterFiles.WEIGHT_BYTES_MAX) {
        return Optional.empty();
      }
      return open(in, fileKey(salt, configBytes, context), configBytes, (int) weightBytes);
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private static Optional<AdapterFiles> open(
      DataInputStream in, SecretKey fileKey, int configBytes, int weightBytes)
      throws IOException, GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(Cipher.DECRYPT_MODE, fileKey, nonce(0, false));
    byte[] config = cipher.doFinal(in.readNBytes(configBytes + TAG_BYTES));
    byte[] weights = new byte[weightBytes];
    byte[] sealed = new byte[Math.min(SEGMENT_BYTES, weightBytes) + TAG_BYTES];
    int segments = segments(weightBytes);
    for (int i = 0; i < segments; i++) {
      int from = i * SEGMENT_BYTES;
      int count = Math.min(SEGMENT_BYTES, weightBytes - from) + TAG_BYTES;
      in.readFully(sealed, 0, count);
      cipher.init(Cipher.DECRYPT_MODE, fileKey, nonce(i + 1, i == segments - 1));
      cipher.doFinal(sealed, 0, count, weights, from);
    }
    return Optional.of(new AdapterFiles(config, weights));
  }

  private static GCMParameterSpec nonce(int segment, boolean last) {
    byte[] nonce =
        ByteBuffer.allocate(NONCE_BYTES).putInt(segment).put((byte) (last ? 1 : 0)).array();
    return new GCMParameterSpec(Byte.SIZE * TAG_BYTES, nonce);
  }

  private SecretKey fileKey(byte[] salt, int configBytes, String context) {
    return derive("AES", salt, "file " + configBytes + " " + context);
  }

  private SecretKey derive(String algorithm, byte[] salt, String purpose) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveKey(
              algorithm,
              HKDFParameterSpec.ofExtract()
                  .addIKM(key)
                  .addSalt(salt)
                  .thenExpand(purpose.getBytes(StandardCharsets.UTF_8), KEY_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] mac(String message) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(nameKey);
      return mac.doFinal(message.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
