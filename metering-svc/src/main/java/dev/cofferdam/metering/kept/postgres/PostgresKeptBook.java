package dev.cofferdam.metering.kept.postgres;

import dev.cofferdam.mesh.postgres.PartitionClaims;
import dev.cofferdam.mesh.postgres.RejectedFacts;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.metering.kept.KeptBook;
import dev.cofferdam.metering.kept.KeptHour;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;

/** The hours in a table whose key lets each in once. */
public final class PostgresKeptBook implements KeptBook {
  private static final String ADD =
      """
      insert into kept_hours (tenant, kind, keeper, model, name, hour_ms, bytes)
      values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing
      """;

  /** One for all writers, who lock the keys as they come. */
  private static final Comparator<KeptHour> ORDER =
      Comparator.comparing((KeptHour kept) -> kept.tenant().value())
          .thenComparing(KeptHour::kind)
          .thenComparing(KeptHour::keeper)
          .thenComparing(KeptHour::name)
          .thenComparing(KeptHour::hour);

  private final DataSource source;
  private final PartitionClaims claims = new PartitionClaims();

  public PostgresKeptBook(DataSource source) {
    this.source = source;
  }

  @Override
  public Map<Integer, Long> claim(String topic, Set<Integer> partitions) {
    return Transaction.attempt(source, connection -> claims.claim(connection, topic, partitions));
  }

  @Override
  public void append(
      String topic,
      List<KeptHour> hours,
      List<RejectedFact> rejected,
      Map<Integer, Long> nextOffsets) {
    Transaction.attempt(
        source,
        connection -> {
          claims.advance(connection, topic, nextOffsets);
          RejectedFacts.add(connection, rejected);
          RowView.takeAll(connection);
          add(connection, hours.stream().sorted(ORDER).toList());
          return topic;
        });
  }

  private static void add(Connection connection, List<KeptHour> hours) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADD)) {
      for (KeptHour kept : hours) {
        statement.setString(1, kept.tenant().value());
        statement.setString(2, kept.kind().name().toLowerCase(Locale.ROOT));
        statement.setString(3, kept.keeper());
        statement.setString(4, kept.model());
        statement.setString(5, kept.name());
        statement.setLong(6, kept.hour().toEpochMilli());
        statement.setLong(7, kept.bytes());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }
}
