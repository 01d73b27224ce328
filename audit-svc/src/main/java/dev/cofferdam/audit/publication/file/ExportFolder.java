package dev.cofferdam.audit.publication.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.audit.log.LogCopy;
import dev.cofferdam.audit.log.LogReader;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.NodeSource;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TilePath;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.publication.Publication;
import dev.cofferdam.audit.publication.TileBytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongFunction;

/**
 * A log in a folder, as it is published: {@code checkpoint}, {@code tile/…}, and in {@code
 * checkpoints} every checkpoint in a line. What is missing or torn reads as absent.
 */
public final class ExportFolder implements LogCopy, NodeSource {
  private static final String CHECKPOINT = "checkpoint";
  private static final String CHECKPOINTS = "checkpoints";

  private final Path folder;
  private final long size;

  /**
   * @param folder holds the files
   * @throws IllegalArgumentException where there is no checkpoint in it
   */
  public ExportFolder(Path folder) {
    this.folder = folder;
    this.size = Checkpoint.parse(text(CHECKPOINT)).size();
  }

  /** The checkpoint, as it lies there. */
  public String checkpoint() {
    return text(CHECKPOINT);
  }

  /** Number of records below the checkpoint, as it says. */
  public long size() {
    return size;
  }

  /**
   * Writes a copy of what is published.
   *
   * @param source gives the bytes of a path
   * @param notes gives the lines of checkpoints from a size on
   */
  public static ExportFolder write(
      Path folder,
      String checkpoint,
      Function<TilePath, byte[]> source,
      LongFunction<String> notes) {
    try {
      Files.createDirectories(folder);
      long size = Checkpoint.parse(checkpoint).size();
      for (int level = 0; size >> (TileNodes.HEIGHT * level) > 0; level++) {
        long entries = size >> (TileNodes.HEIGHT * level);
        for (long entry = 0; entry < entries; entry += TileNodes.WIDTH) {
          TilePath tile = TilePath.holding(level, entry, size);
          keep(folder, tile, source);
          if (level == 0) {
            keep(folder, tile.bundle(), source);
          }
        }
      }
      writeNotes(folder, size, notes);
      // Last: a folder with a checkpoint is whole.
      Files.writeString(folder.resolve(CHECKPOINT), checkpoint);
      return new ExportFolder(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + folder, e);
    }
  }

  private static void keep(Path folder, TilePath path, Function<TilePath, byte[]> source)
      throws IOException {
    Path file = folder.resolve(path.text());
    Files.createDirectories(file.getParent());
    Files.write(file, source.apply(path));
  }

  private static void writeNotes(Path folder, long size, LongFunction<String> notes)
      throws IOException {
    StringBuilder all = new StringBuilder();
    long from = 0;
    while (from <= size) {
      List<String> page = notes.apply(from).lines().toList();
      for (String line : page) {
        long of = sizeOf(line);
        if (of <= size) {
          all.append(line).append('\n');
        }
        from = of + 1;
      }
      if (page.size() < Publication.NOTES_MAX) {
        break;
      }
    }
    Files.writeString(folder.resolve(CHECKPOINTS), all);
  }

  private static long sizeOf(String line) {
    int space = line.indexOf(' ');
    try {
      return space < 0 ? -1 : Long.parseLong(line.substring(0, space));
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  @Override
  public List<CopiedLeaf> leaves(long from, int leavesMax) {
    List<CopiedLeaf> leaves = new ArrayList<>();
    long at = from;
    while (at < Math.min(size, from + leavesMax)) {
      TilePath bundle = TilePath.holding(0, at, size).bundle();
      List<byte[]> entries = bytes(bundle).map(TileBytes::entries).orElse(List.of());
      for (long i = at - bundle.first(); i < entries.size() && i < bundle.width(); i++) {
        if (leaves.size() < leavesMax) {
          leaves.add(new CopiedLeaf(bundle.first() + i, entries.get((int) i), Optional.empty()));
        }
      }
      at = bundle.first() + TileNodes.WIDTH;
    }
    return leaves;
  }

  @Override
  public List<TreeHash> entries(int tileLevel, long from, int entriesMax) {
    long all = size >> (TileNodes.HEIGHT * tileLevel);
    List<TreeHash> hashes = new ArrayList<>();
    for (long at = from; at < Math.min(all, from + entriesMax); ) {
      TilePath tile = TilePath.holding(tileLevel, at, size);
      List<TreeHash> found = bytes(tile).map(TileBytes::hashes).orElse(List.of());
      int first = (int) (at - tile.first());
      int end = (int) Math.min(tile.width(), first + entriesMax - hashes.size());
      if (found.size() < end) {
        hashes.addAll(found.subList(Math.min(first, found.size()), found.size()));
        break;
      }
      hashes.addAll(found.subList(first, end));
      at = tile.first() + TileNodes.WIDTH;
    }
    return hashes;
  }

  /** Entries of tiles, one by one. */
  @Override
  public Map<NodeId, TreeHash> read(Set<NodeId> nodes) {
    Map<NodeId, TreeHash> found = new HashMap<>();
    for (NodeId node : nodes) {
      entries(node.level() / TileNodes.HEIGHT, node.index(), 1)
          .forEach(hash -> found.put(node, hash));
    }
    return found;
  }

  @Override
  public List<SignedNote> checkpoints(long fromSize, int notesMax) {
    List<SignedNote> notes = new ArrayList<>();
    for (String line : text(CHECKPOINTS).lines().toList()) {
      long of = sizeOf(line);
      if ((of >= fromSize || of < 0) && notes.size() < notesMax) {
        notes.add(new SignedNote(of, decoded(line.substring(line.indexOf(' ') + 1))));
      }
    }
    return notes;
  }

  private static String decoded(String base64) {
    try {
      return new String(Base64.getDecoder().decode(base64), UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }

  /** Always empty: what is exported is signed. */
  @Override
  public Optional<LogReader.Head> head() {
    return Optional.empty();
  }

  private Optional<byte[]> bytes(TilePath path) {
    try {
      Path file = folder.resolve(path.text());
      return Files.isRegularFile(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + path.text(), e);
    }
  }

  private String text(String name) {
    try {
      Path file = folder.resolve(name);
      return Files.isRegularFile(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + name, e);
    }
  }
}
