package dev.cofferdam.vocabulary;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Which conversations of an adapter get the version that is being rolled out: those whose place in
 * [0, 1) is below the rollout's weight. The place depends on the conversation's keyed digest and on
 * the version, so that a conversation stays where it is, a growing weight only adds conversations,
 * and each rollout draws anew.
 */
public final class RolloutShare {
  private RolloutShare() {}

  /**
   * Whether a conversation gets the version that is being rolled out.
   *
   * @param conversation digest of what all turns of the conversation begin with, under a key of the
   *     tenant's
   * @param version the version that is being rolled out
   * @param weight share of the conversations, in [0, 1]
   */
  public static boolean includes(byte[] conversation, String version, double weight) {
    return place(conversation, version) < weight;
  }

  private static double place(byte[] conversation, String version) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(version.getBytes(StandardCharsets.UTF_8));
      sha256.update((byte) 0);
      long bits = ByteBuffer.wrap(sha256.digest(conversation)).getLong();
      return (bits >>> 11) * 0x1p-53;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
