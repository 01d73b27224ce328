package dev.cofferdam.audit.app.bench;

import dev.cofferdam.audit.log.postgres.PostgresLogReader;
import dev.cofferdam.audit.proof.Frontier;
import dev.cofferdam.audit.proof.NodeId;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.mesh.bench.BenchDatabase;
import dev.cofferdam.mesh.bench.BenchResults;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The tree alone on one core, and proofs from a log of ten million records in the database. The
 * records are short (104 bytes; proofs read their hashes only) and written without the service, so
 * that the log is there within a minute.
 */
final class TreeSection {
  private static final long LEAVES = 10_000_000;
  private static final int LEAF_BYTES = 104;
  private static final int PART = 1_000_000;
  private static final int PROOFS = 2_000;

  private final BenchDatabase database;
  private final BenchResults results;
  private final SplittableRandom random = new SplittableRandom(10);

  TreeSection(BenchDatabase database, BenchResults results) {
    this.database = database;
    this.results = results;
  }

  void run() throws SQLException {
    Map<NodeId, TreeHash> roots = new LinkedHashMap<>();
    Frontier tree = grow(roots);
    store(roots, tree);
    prove(tree);
  }

  /** Appends the hashes of all leaves; the median of ten parts counts. */
  private Frontier grow(Map<NodeId, TreeHash> roots) {
    Frontier tree = Frontier.empty();
    double[] perSecond = new double[(int) (LEAVES / PART)];
    for (int part = 0; part < perSecond.length; part++) {
      TreeHash[] leaves = new TreeHash[PART];
      for (int i = 0; i < PART; i++) {
        leaves[i] = TreeHash.leaf(leaf((long) part * PART + i));
      }
      long start = System.nanoTime();
      for (TreeHash leaf : leaves) {
        tree.append(
            leaf,
            (node, root) -> {
              if (TileNodes.isEntry(node)) {
                roots.put(node, root);
              }
            });
      }
      perSecond[part] = PART * 1e9 / (System.nanoTime() - start);
    }
    Arrays.sort(perSecond);
    results.add("tree_appends_s", perSecond[perSecond.length / 2], "leaves/s", 1_000_000);
    return tree;
  }

  /** The bytes of a leaf, as {@link #store}'s SQL makes them. */
  private static byte[] leaf(long index) {
    return ByteBuffer.allocate(LEAF_BYTES).putLong(LEAF_BYTES - Long.BYTES, index).array();
  }

  private void store(Map<NodeId, TreeHash> roots, Frontier tree) throws SQLException {
    database.execute(
        """
        alter table leaves disable trigger user; alter table nodes disable trigger user;
        alter table leaves drop constraint leaves_once;
        drop index leaves_by_tenant; drop index leaves_by_request;
        truncate leaves, nodes; alter table leaves set unlogged
        """);
    database.execute(
        """
        insert into leaves
          (index, tenant, source, event_id, request_id, severity, occurred_ms, leaf, leaf_hash)
        select i, 'tenant', '', '', '', 1, 0, leaf, sha256('\\x00'::bytea || leaf)
        from generate_series(0, %d) as i, lateral (
          select decode(repeat('00', %d), 'hex') || int8send(i) as leaf) as made
        """
            .formatted(LEAVES - 1, LEAF_BYTES - Long.BYTES));
    try (Connection connection = database.source().getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                "insert into nodes (level, index, hash) values (?, ?, ?)")) {
      connection.setAutoCommit(false);
      for (Map.Entry<NodeId, TreeHash> root : roots.entrySet()) {
        insert.setInt(1, root.getKey().level());
        insert.setLong(2, root.getKey().index());
        insert.setBytes(3, root.getValue().bytes());
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
    }
    database.execute("vacuum analyze leaves");
    database.execute("vacuum analyze nodes");
    results.add("proof_log_size", tree.size(), "leaves", 0);
  }

  private void prove(Frontier tree) {
    PostgresLogReader reader = new PostgresLogReader(database.source());
    double[] inclusion = new double[PROOFS];
    double[] consistency = new double[PROOFS];
    for (int i = -PROOFS / 4; i < PROOFS; i++) {
      long index = random.nextLong(LEAVES);
      long start = System.nanoTime();
      List<TreeHash> path = Proofs.inclusion(index, LEAVES, reader);
      long between = System.nanoTime();
      Proofs.consistency(1 + index, LEAVES, reader);
      if (i >= 0) {
        inclusion[i] = (between - start) / 1e6;
        consistency[i] = (System.nanoTime() - between) / 1e6;
      }
      TreeHash leaf = TreeHash.leaf(leaf(index));
      if (!ProofCheck.inclusion(leaf, index, LEAVES, path, tree.root())) {
        throw new IllegalStateException("a proof of leaf " + index + " does not hold");
      }
    }
    add("proof_10m_ms", inclusion);
    add("consistency_10m_ms", consistency);
  }

  private void add(String metric, double[] values) {
    Arrays.sort(values);
    results.add(metric, values[values.length / 2], "ms", 0);
    results.add(metric + "_p99", values[values.length * 99 / 100], "ms", 0);
  }
}
