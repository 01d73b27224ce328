package dev.cofferdam.audit.log.tampering;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.audit.log.LogCopy.CopiedLeaf;
import dev.cofferdam.audit.log.LogCopy.RowLabel;
import dev.cofferdam.audit.log.LogCopy.SignedNote;
import dev.cofferdam.audit.log.LogReader.Head;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TreeHash;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * Ways to change a log of some thousand records. Each changes a copy at a random place and says
 * what has to be found of it: the leaf, the node or the checkpoint itself where its hash is left
 * beside it, a run of leaves with it where its tracks are covered.
 */
public enum Tampering {
  /** A bit of a leaf. */
  LEAF_BIT {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(log.leaves.size());
      flip(log, index, random);
      return is(new Finding.BadLeaf(index));
    }
  },
  /** A bit of the hash that is kept for a leaf. */
  LEAF_HASH_BIT {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(log.leaves.size());
      flip(log, new NodeId(0, index), random);
      return is(new Finding.BadLeaf(index));
    }
  },
  /** A bit of a leaf, and its hash. */
  LEAF_BIT_AND_HASH {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(signed(log));
      flip(log, index, random);
      log.entries.put(new NodeId(0, index), TreeHash.leaf(log.leaves.get(index).bytes()));
      return with(log, index);
    }
  },
  /** A bit of a leaf, and everything that is hashed from it. */
  LEAF_BIT_AND_TREE {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(signed(log));
      flip(log, index, random);
      log.rehash();
      return with(log, index);
    }
  },
  /** A bit of the root of a full tile. */
  NODE_BIT {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      NodeId node =
          new NodeId(TileNodes.HEIGHT, random.nextInt(log.leaves.size() / TileNodes.WIDTH));
      flip(log, node, random);
      return is(new Finding.BadNode(node));
    }
  },
  /** A bit of the head's root, or another size. */
  HEAD {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      Head head = log.head().orElseThrow();
      log.head(
          random.nextBoolean()
              ? new Head(head.size(), flipped(head.root(), random))
              : new Head(head.size() ^ (1L << random.nextInt(20)), head.root()));
      return is(new Finding.BadHead());
    }
  },
  /** A bit of a checkpoint. */
  CHECKPOINT_BIT {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int at = random.nextInt(log.notes.size());
      int bits = log.notes.get(at).note().getBytes(UTF_8).length * 8;
      return flipNote(log, at, random.nextInt(bits));
    }
  },
  /** A checkpoint under the size of another. */
  CHECKPOINT_MOVED {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int at = random.nextInt(log.notes.size() - 1);
      SignedNote note = log.notes.get(at);
      log.notes.set(at, new SignedNote(note.size(), log.notes.get(at + 1).note()));
      return is(new Finding.BadCheckpoint(note.size()));
    }
  },
  /** A leaf that is gone. */
  DELETION {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(signed(log));
      log.leaves.remove(index);
      return is(new Finding.MissingLeaf(index));
    }
  },
  /** A leaf that is gone, the others moved up, and everything hashed again. */
  DELETION_COVERED {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(signed(log));
      log.leaves.remove(index);
      renumber(log);
      log.rehash();
      return with(log, index);
    }
  },
  /** Two leaves that changed places. */
  REORDERING {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int one = random.nextInt(signed(log));
      int other = (one + 1 + random.nextInt(signed(log) - 1)) % signed(log);
      Collections.swap(log.leaves, one, other);
      renumber(log);
      return is(new Finding.BadLeaf(Math.min(one, other)));
    }
  },
  /** Two leaves that changed places, and everything hashed again. */
  REORDERING_COVERED {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int one = random.nextInt(signed(log));
      int other = (one + 1 + random.nextInt(signed(log) - 1)) % signed(log);
      Collections.swap(log.leaves, one, other);
      renumber(log);
      log.rehash();
      return with(log, Math.min(one, other));
    }
  },
  /** An end that is cut off, and the head with it. */
  TRUNCATION {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int signed = signed(log);
      int left = random.nextInt(signed);
      log.leaves.subList(left, log.leaves.size()).clear();
      log.rehash();
      return finding ->
          finding instanceof Finding.MissingLeaves missing
              && missing.from() == signedBefore(log, left)
              && missing.to() == signed
              && missing.leaves() == signed - left;
    }
  },
  /** An end that is cut off with its checkpoints: found by who remembers one. */
  TRUNCATION_COVERED {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int signedSize = signed(log);
      int kept = random.nextInt(log.notes.size() - 1);
      log.notes.subList(kept + 1, log.notes.size()).clear();
      log.leaves.subList(signed(log), log.leaves.size()).clear();
      log.rehash();
      return is(new Finding.SetBack(signed(log), signedSize));
    }
  },
  /** A leaf that is appended again, and everything hashed again. */
  REPLAY {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(log.leaves.size());
      int end = log.leaves.size();
      log.leaves.add(moved(log.leaves.get(index), end));
      log.rehash();
      return is(new Finding.Repeated(end, index));
    }
  },
  /** A leaf that is put in earlier than it was logged, and everything hashed again. */
  BACK_DATING {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(signed(log));
      byte[] leaf = log.leaves.getLast().bytes().clone();
      leaf[leaf.length - 1] ^= 1;
      log.leaves.add(index, new CopiedLeaf(index, leaf, log.leaves.getLast().row()));
      renumber(log);
      log.rehash();
      return with(log, index);
    }
  },
  /** The time, the gravity or the tenant that queries find a leaf by. */
  ROW {
    @Override
    public Predicate<Finding> apply(CopiedLog log, RandomGenerator random) {
      int index = random.nextInt(log.leaves.size());
      CopiedLeaf leaf = log.leaves.get(index);
      RowLabel row = leaf.row().orElseThrow();
      RowLabel other =
          switch (random.nextInt(3)) {
            case 0 -> new RowLabel(row.tenant(), row.severity(), row.occurredMs() - 86_400_000);
            case 1 -> new RowLabel(row.tenant(), row.severity() ^ 2, row.occurredMs());
            default -> new RowLabel(row.tenant() + "x", row.severity(), row.occurredMs());
          };
      log.leaves.set(index, new CopiedLeaf(index, leaf.bytes(), Optional.of(other)));
      return is(new Finding.BadRow(index));
    }
  };

  /**
   * Changes a copy.
   *
   * @return whether what was found is this change, at its place
   */
  public abstract Predicate<Finding> apply(CopiedLog log, RandomGenerator random);

  /** Flips a bit of a checkpoint. */
  public static Predicate<Finding> flipNote(CopiedLog log, int at, int bit) {
    SignedNote note = log.notes.get(at);
    byte[] bytes = note.note().getBytes(UTF_8);
    bytes[bit / 8] ^= (byte) (1 << (bit % 8));
    // Bytes that are no UTF-8 any more must not become the same replacement as before.
    String text = new String(bytes, UTF_8);
    boolean readable = java.util.Arrays.equals(text.getBytes(UTF_8), bytes);
    log.notes.set(at, new SignedNote(note.size(), readable ? text : new String(bytes, ISO_8859_1)));
    return is(new Finding.BadCheckpoint(note.size()));
  }

  private static Predicate<Finding> is(Finding expected) {
    return expected::equals;
  }

  /**
   * A run of leaves that holds an index and is no longer than a tile, or lies between signatures.
   */
  private static Predicate<Finding> with(CopiedLog log, long index) {
    List<Long> sizes = new ArrayList<>(List.of(0L));
    log.notes.forEach(note -> sizes.add(note.size()));
    return finding ->
        switch (finding) {
          case Finding.BadLeaves bad ->
              bad.from() <= index
                  && index < bad.to()
                  && (bad.to() - bad.from() <= TileNodes.WIDTH
                      || sizes.indexOf(bad.to()) == sizes.indexOf(bad.from()) + 1);
          case Finding.MissingLeaves missing ->
              missing.leaves() == 1
                  && missing.from() == signedBefore(log, index)
                  && index < missing.to();
          default -> false;
        };
  }

  /** Size of the largest signed tree without a leaf. */
  private static long signedBefore(CopiedLog log, long index) {
    return log.notes.stream().mapToLong(SignedNote::size).filter(s -> s <= index).max().orElse(0);
  }

  /** Size of the largest signed tree. */
  private static int signed(CopiedLog log) {
    return (int) log.notes.getLast().size();
  }

  private static void flip(CopiedLog log, int index, RandomGenerator random) {
    CopiedLeaf leaf = log.leaves.get(index);
    byte[] bytes = leaf.bytes().clone();
    int bit = random.nextInt(bytes.length * 8);
    bytes[bit / 8] ^= (byte) (1 << (bit % 8));
    // Whoever covers his tracks makes the row say what the leaf says.
    log.leaves.set(index, new CopiedLeaf(index, bytes, Optional.empty()));
  }

  private static void flip(CopiedLog log, NodeId node, RandomGenerator random) {
    log.entries.computeIfPresent(node, (id, hash) -> flipped(hash, random));
  }

  private static TreeHash flipped(TreeHash hash, RandomGenerator random) {
    byte[] bytes = hash.bytes();
    int bit = random.nextInt(bytes.length * 8);
    bytes[bit / 8] ^= (byte) (1 << (bit % 8));
    return TreeHash.of(bytes);
  }

  private static void renumber(CopiedLog log) {
    for (int i = 0; i < log.leaves.size(); i++) {
      if (log.leaves.get(i).index() != i) {
        log.leaves.set(i, moved(log.leaves.get(i), i));
      }
    }
  }

  private static CopiedLeaf moved(CopiedLeaf leaf, long index) {
    return new CopiedLeaf(index, leaf.bytes(), leaf.row());
  }
}
