package dev.cofferdam.mesh.postgres;

import dev.cofferdam.mesh.store.View;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Whose rows a transaction may see; row-level security shows none before this is said. */
public final class RowView {
  private static final String TAKE =
      "select set_config('cofferdam.view', ?, true), set_config('cofferdam.tenant', ?, true)";

  private RowView() {}

  /** Takes a reader's view for the rest of the transaction. */
  public static void take(Connection connection, View view) throws SQLException {
    switch (view) {
      case View.Of of -> set(connection, "", of.tenant().value());
      case View.Everybody everybody -> takeAll(connection);
    }
  }

  /** Takes the writer's view, which is everybody's, for the rest of the transaction. */
  public static void takeAll(Connection connection) throws SQLException {
    set(connection, "everybody", "");
  }

  /** Whether the connection's user is subject to row-level security. */
  public static boolean isConfined(Connection connection) throws SQLException {
    try (PreparedStatement statement =
            connection.prepareStatement(
                "select not (rolsuper or rolbypassrls) from pg_roles where rolname = current_user");
        ResultSet row = statement.executeQuery()) {
      return row.next() && row.getBoolean(1);
    }
  }

  private static void set(Connection connection, String view, String tenant) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TAKE)) {
      statement.setString(1, view);
      statement.setString(2, tenant);
      statement.execute();
    }
  }
}
