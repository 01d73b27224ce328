package dev.cofferdam.worker.kvcache;

import dev.cofferdam.vocabulary.PrefixDigests;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The beginning of prompts that an operator signed as public, such as a common system prompt. Its
 * full blocks belong to {@link dev.cofferdam.vocabulary.TenantId#PUBLIC} and are shared by all
 * tenants; that they are cached says nothing about anybody. Of the base model only: an adapter's KV
 * is its owner's.
 */
public final class PublicPrefix {
  private static final byte[] NOBODYS_KEY = new byte[PrefixDigests.BYTES];

  private final int[] tokens;
  private final Digest root;
  private final List<Digest> digests = new ArrayList<>();

  /**
   * @param tokens the signed tokens; handed over
   * @param modelDigest digest of the model's files
   * @param blockTokens tokens of a block
   */
  public PublicPrefix(int[] tokens, String modelDigest, int blockTokens) {
    this.tokens = tokens;
    PrefixDigests names = new PrefixDigests(NOBODYS_KEY, modelDigest, "", blockTokens);
    root = new Digest(names.root());
    for (byte[] digest : names.ofSequence(tokens, tokens.length, Integer.MAX_VALUE)) {
      digests.add(new Digest(digest));
    }
  }

  /** What precedes the first block. */
  public Digest root() {
    return root;
  }

  /** Digests of its full blocks. */
  public List<Digest> digests() {
    return digests;
  }

  /** Whether a prompt begins with all of it. */
  public boolean begins(int[] prompt, int promptTokens) {
    return promptTokens >= tokens.length
        && Arrays.equals(tokens, 0, tokens.length, prompt, 0, tokens.length);
  }

  /** The longest of some prefixes with which a prompt begins. */
  public static Optional<PublicPrefix> longest(
      List<PublicPrefix> prefixes, int[] prompt, int promptTokens) {
    PublicPrefix longest = null;
    for (PublicPrefix prefix : prefixes) {
      if (prefix.begins(prompt, promptTokens)
          && (longest == null || prefix.tokens.length > longest.tokens.length)) {
        longest = prefix;
      }
    }
    return Optional.ofNullable(longest);
  }
}
