package dev.cofferdam.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.GrantClaims;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs and opens grants: HMAC-SHA-256 over the exact bytes of the claims, under a key that
 * scheduler and worker share for a session. What the claims mean (worker, expiry, replay) is the
 * worker's to check.
 */
public final class GrantSeal {
  private GrantSeal() {}

  /** Signs claims under a session key of 32 bytes. */
  public static Grant seal(GrantClaims claims, String keyId, byte[] key) {
    ByteString bytes = claims.toByteString();
    return Grant.newBuilder()
        .setClaims(bytes)
        .setKeyId(keyId)
        .setMac(ByteString.copyFrom(mac(key, bytes.toByteArray())))
        .build();
  }

  /**
   * The claims of a grant whose MAC holds; compared in constant time.
   *
   * @param keys session keys by id; empty for an unknown one
   */
  public static Optional<GrantClaims> open(Grant grant, Function<String, Optional<byte[]>> keys) {
    Optional<byte[]> key = keys.apply(grant.getKeyId());
    if (key.isEmpty()) {
      return Optional.empty();
    }
    byte[] claims = grant.getClaims().toByteArray();
    if (!MessageDigest.isEqual(mac(key.get(), claims), grant.getMac().toByteArray())) {
      return Optional.empty();
    }
    try {
      return Optional.of(GrantClaims.parseFrom(claims));
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty();
    }
  }

  private static byte[] mac(byte[] key, byte[] claims) {
    try {
      Mac m = Mac.getInstance("HmacSHA256");
      m.init(new SecretKeySpec(key, "HmacSHA256"));
      return m.doFinal(claims);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no HmacSHA256", e);
    }
  }
}
