package dev.cofferdam.audit.log.postgres;

import dev.cofferdam.audit.witness.Cosignatures;
import dev.cofferdam.mesh.postgres.Transaction;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Optional;
import javax.sql.DataSource;

/** Cosignatures, beside the checkpoints. */
public final class PostgresCosignatures implements Cosignatures {
  private static final String PUBLISHED =
      """
      select note || coalesce(
        (select string_agg(line, '' order by witness) from cosignatures s
         where s.tree_size = c.tree_size), '')
      from checkpoints c where tree_size = coalesce(
        (select max(tree_size) from cosignatures), (select max(tree_size) from checkpoints))
      """;

  private final DataSource source;

  /**
   * @param source connections to the log
   */
  public PostgresCosignatures(DataSource source) {
    this.source = source;
  }

  /**
   * The checkpoint to be shown to everybody: the latest that a witness cosigned, with its
   * cosignatures; without any witness the latest.
   */
  public Optional<String> published() {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(PUBLISHED);
              ResultSet row = statement.executeQuery()) {
            return row.next() ? Optional.of(row.getString(1)) : Optional.<String>empty();
          }
        });
  }

  @Override
  public long latest(String witness) {
    return Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  "select coalesce(max(tree_size), 0) from cosignatures where witness = ?")) {
            statement.setString(1, witness);
            try (ResultSet row = statement.executeQuery()) {
              return row.next() ? row.getLong(1) : 0L;
            }
          }
        });
  }

  @Override
  public void keep(long size, String witness, String line) {
    Transaction.attempt(
        source,
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement(
                  """
                  insert into cosignatures (tree_size, witness, line) values (?, ?, ?)
                  on conflict do nothing
                  """)) {
            statement.setLong(1, size);
            statement.setString(2, witness);
            statement.setString(3, line);
            return statement.executeUpdate();
          }
        });
  }
}
