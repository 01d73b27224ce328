package dev.cofferdam.worker.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.regex.Pattern;

/** {@code model.safetensors.index.json}: which file of a folder holds which tensor. */
final class ShardIndex {
  static final String FILE = "model.safetensors.index.json";
  static final int BYTES_MAX = 16 << 20;

  private static final int SHARDS_MAX = 1024;
  private static final Pattern SHARD_NAME =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,200}\\.safetensors");

  private ShardIndex() {}

  /**
   * File by tensor; the files are plain names, and at least one.
   *
   * @throws ModelLoadException when it is malformed, or a file lies outside of the folder
   */
  static Map<String, String> parse(byte[] json) {
    Map<String, String> shardOf = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry :
        StrictJson.object(json, FILE).path("weight_map").properties()) {
      String shard = entry.getValue().asText("");
      if (!SHARD_NAME.matcher(shard).matches()) {
        throw new ModelLoadException(FILE + ": a shard that is no plain file name");
      }
      shardOf.put(entry.getKey(), shard);
    }
    int shards = new HashSet<>(shardOf.values()).size();
    if (shards < 1 || shards > SHARDS_MAX) {
      throw new ModelLoadException(FILE + ": not between 1 and " + SHARDS_MAX + " shards");
    }
    return shardOf;
  }

  /** Refuses shards that hold other tensors than the index says. */
  static ModelLoadException disagrees() {
    return new ModelLoadException(FILE + ": weight_map and shards disagree");
  }
}
