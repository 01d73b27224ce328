package dev.cofferdam.vocabulary;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Tenant-keyed chained digests of a token sequence's full blocks, the names under which prefix
 * caches know them. Without the tenant's key nobody can guess content from a digest or find another
 * tenant's blocks.
 *
 * <p>digest(0) = HMAC(key, "cofferdam/prefix/v1" ‖ model digest ‖ adapter version ‖ tokens of block
 * 0), digest(i) = HMAC(key, digest(i − 1) ‖ tokens of block i); HMAC-SHA-256, texts as
 * length-prefixed UTF-8, tokens and lengths as 32-bit little-endian.
 *
 * <p>Not thread-safe; cheap to make.
 */
public final class PrefixDigests {
  /** Bytes of a digest and of a key. */
  public static final int BYTES = 32;

  private final Mac mac;
  private final byte[] root;
  private final int blockTokens;

  /**
   * @param key the tenant's prefix key, {@value #BYTES} bytes
   * @param modelDigest digest of the model's files, tokenizer included
   * @param adapterVersion content digest of the adapter, empty for the base model
   * @param blockTokens tokens of a block
   */
  public PrefixDigests(byte[] key, String modelDigest, String adapterVersion, int blockTokens) {
    if (key.length != BYTES) {
      throw new IllegalArgumentException("prefix key must have 32 bytes");
    }
    this.mac = hmac(key);
    this.blockTokens = blockTokens;
    this.root = root(modelDigest, adapterVersion);
  }

  /**
   * Derives a tenant's prefix key from the gateways' secret; the epoch changes every digest of the
   * tenant at once.
   */
  public static byte[] tenantKey(byte[] secret, TenantId tenant, int epoch) {
    Mac m = hmac(secret);
    m.update("cofferdam/prefix-key/v1".getBytes(StandardCharsets.UTF_8));
    m.update(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(epoch).array());
    return m.doFinal(tenant.value().getBytes(StandardCharsets.UTF_8));
  }

  /** Digests of all full blocks of a sequence, at most {@code blocksMax}. */
  public List<byte[]> ofSequence(int[] tokenIds, int length, int blocksMax) {
    int blocks = Math.min(length / blockTokens, blocksMax);
    List<byte[]> digests = new ArrayList<>(blocks);
    byte[] parent = root;
    for (int i = 0; i < blocks; i++) {
      parent = next(parent, tokenIds, i * blockTokens);
      digests.add(parent);
    }
    return digests;
  }

  /** What precedes the first block. */
  public byte[] root() {
    return root.clone();
  }

  /**
   * Digest of the block of tokens at {@code offset}, given its parent's digest (or {@link
   * #root()}).
   */
  public byte[] next(byte[] parent, int[] tokenIds, int offset) {
    ByteBuffer tokens = ByteBuffer.allocate(4 * blockTokens).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < blockTokens; i++) {
      tokens.putInt(tokenIds[offset + i]);
    }
    mac.update(parent);
    return mac.doFinal(tokens.array());
  }

  private static byte[] root(String modelDigest, String adapterVersion) {
    byte[] label = "cofferdam/prefix/v1".getBytes(StandardCharsets.UTF_8);
    byte[] model = modelDigest.getBytes(StandardCharsets.UTF_8);
    byte[] adapter = adapterVersion.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(label.length + 8 + model.length + adapter.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(label)
        .putInt(model.length)
        .put(model)
        .putInt(adapter.length)
        .put(adapter)
        .array();
  }

  private static Mac hmac(byte[] key) {
    try {
      Mac m = Mac.getInstance("HmacSHA256");
      m.init(new SecretKeySpec(key, "HmacSHA256"));
      return m;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no HmacSHA256", e);
    }
  }
}
