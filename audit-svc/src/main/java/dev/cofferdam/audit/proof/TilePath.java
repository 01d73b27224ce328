package dev.cofferdam.audit.proof;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names a tile of hashes, or a bundle of entries, in a log's files (C2SP tlog-tiles): {@code
 * tile/<level>/<index>} or {@code tile/entries/<index>}, and {@code .p/<width>} where it is not
 * full. The index is written in groups of three digits, all but the last led by an x.
 *
 * @param entries whether it is a bundle of entries; then the level is 0
 * @param level level of the tile
 * @param index its place in the level
 * @param width hashes or entries in it, at most {@link TileNodes#WIDTH}
 */
public record TilePath(boolean entries, int level, long index, int width) {
  private static final Pattern FORM =
      Pattern.compile(
          "tile/(entries|0|[1-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})"
              + "(?:\\.p/([1-9][0-9]{0,2}))?");

  /** The tile of a level that holds an entry, in a tree of a size. */
  public static TilePath holding(int level, long entry, long treeSize) {
    long index = entry / TileNodes.WIDTH;
    long all = treeSize >> (TileNodes.HEIGHT * level);
    int width = (int) Math.min(TileNodes.WIDTH, all - index * TileNodes.WIDTH);
    return new TilePath(false, level, index, width);
  }

  /** The bundle of the same entries as a tile of the lowest level. */
  public TilePath bundle() {
    return new TilePath(true, 0, index, width);
  }

  /** Reads a path without a leading slash; empty where it names no tile. */
  public static Optional<TilePath> parse(String path) {
    Matcher form = FORM.matcher(path);
    if (!form.matches()) {
      return Optional.empty();
    }
    String digits = form.group(2).replace("/", "").replace("x", "");
    boolean shortest = !form.group(2).startsWith("x000");
    int width = form.group(3) == null ? TileNodes.WIDTH : Integer.parseInt(form.group(3));
    boolean partial = form.group(3) == null || width < TileNodes.WIDTH;
    if (!shortest || !partial) {
      return Optional.empty();
    }
    boolean entries = form.group(1).equals("entries");
    int level = entries ? 0 : Integer.parseInt(form.group(1));
    return Optional.of(new TilePath(entries, level, Long.parseLong(digits), width));
  }

  /** The first entry of its level that it holds. */
  public long first() {
    return index * TileNodes.WIDTH;
  }

  /** Whether a tree of a size has all of it. */
  public boolean isWithin(long treeSize) {
    // Seven levels of tiles are more leaves than a log's index can count.
    return level < 7
        && index < 1L << 48
        && first() + width <= treeSize >> (TileNodes.HEIGHT * level);
  }

  /** The path, without a leading slash. */
  public String text() {
    StringBuilder path = new StringBuilder("%03d".formatted(index % 1000));
    for (long rest = index / 1000; rest > 0; rest /= 1000) {
      path.insert(0, "x%03d/".formatted(rest % 1000));
    }
    String kind = entries ? "entries" : Integer.toString(level);
    String part = width == TileNodes.WIDTH ? "" : ".p/" + width;
    return "tile/" + kind + "/" + path + part;
  }
}
