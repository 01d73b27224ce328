package dev.cofferdam.metering.ledger.postgres;

import dev.cofferdam.mesh.postgres.PartitionClaims;
import dev.cofferdam.mesh.postgres.RejectedFacts;
import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.ledger.Ledger;
import dev.cofferdam.metering.usage.UsageEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;

/**
 * The ledger in PostgreSQL. A batch is one transaction: the offsets first (their rows are the lock
 * that keeps a former holder out), then the ids, which tell what is new, then the new events, by
 * COPY, and what they add to the sums.
 */
public final class PostgresLedger implements Ledger {
  private final DataSource source;
  private final PartitionClaims claims = new PartitionClaims();
  private final UsageMonths months;

  /**
   * @param source connections to the ledger
   */
  public PostgresLedger(DataSource source) {
    this.source = source;
    this.months = new UsageMonths(source);
  }

  @Override
  public Map<Integer, Long> claim(String topic, Set<Integer> partitions) {
    return Transaction.attempt(source, connection -> claims.claim(connection, topic, partitions));
  }

  @Override
  public List<Booked> append(Batch batch) {
    months.ensure(batch.events());
    return Transaction.attempt(
        source,
        connection -> {
          claims.advance(connection, batch.topic(), batch.nextOffsets());
          RejectedFacts.add(connection, batch.rejected());
          if (batch.events().isEmpty()) {
            return List.of();
          }
          List<Booked> added = add(connection, batch.events());
          Preemptions.add(connection, added, batch.preemptions());
          return added;
        });
  }

  private List<Booked> add(Connection connection, List<UsageEvent> events) throws SQLException {
    RowView.takeAll(connection);
    Instant firstOpen = PostgresClosings.holdOpen(connection);
    List<Booked> added = new ArrayList<>(events.size());
    HourSums sums = new HourSums();
    for (UsageEvent event : EventIds.count(connection, events)) {
      Instant hour = event.ended().truncatedTo(ChronoUnit.HOURS);
      Booked booked = new Booked(event, hour.isBefore(firstOpen) ? firstOpen : hour);
      added.add(booked);
      sums.add(booked);
    }
    if (!added.isEmpty()) {
      months.copy(connection, added);
      sums.store(connection);
    }
    return added;
  }
}
