package dev.cofferdam.metering.invoice.postgres;

import dev.cofferdam.mesh.postgres.RowView;
import dev.cofferdam.mesh.postgres.Transaction;
import dev.cofferdam.mesh.store.View;
import javax.sql.DataSource;

/** Transactions that see a view's rows only. */
public final class Reading {
  private Reading() {}

  /** Runs work in one transaction, which throws as {@link Transaction#attempt} does. */
  public static <T> T run(DataSource source, View view, Transaction.Work<T> work) {
    return Transaction.attempt(
        source,
        connection -> {
          RowView.take(connection, view);
          return work.on(connection);
        });
  }
}
