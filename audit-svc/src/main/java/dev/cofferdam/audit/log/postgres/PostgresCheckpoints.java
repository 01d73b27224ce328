package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.log.Checkpoints;
import dev.cofferdam.mesh.postgres.Transaction;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Optional;
import javax.sql.DataSource;

/** All signed checkpoints, beside the log. */
public final class PostgresCheckpoints implements Checkpoints {
  private final DataSource source;

  public PostgresCheckpoints(DataSource source) {
    this.source = source;
  }

  @Override
  public Optional<String> latest() {
    return find("select note from checkpoints order by tree_size desc limit 1", null);
  }

  @Override
  public Optional<String> of(long size) {
    return find("select note from checkpoints where tree_size = ?", size);
  }

  @Override
  public void keep(long size, byte[] root, String note) {
    Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  """
                  insert into checkpoints (tree_size, root_hash, note) values (?, ?, ?)
                  on conflict do nothing
                  """)) {
            statement.setLong(1, size);
            statement.setBytes(2, root);
            statement.setString(3, note);
            return statement.executeUpdate();
          }
        });
  }

  private Optional<String> find(String sql, @org.jspecify.annotations.Nullable Long size) {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql)) {
            if (size != null) {
              statement.setLong(1, size);
            }
            try (ResultSet row = statement.executeQuery()) {
              return row.next() ? Optional.of(row.getString(1)) : Optional.<String>empty();
            }
          }
        });
  }
}
