package dev.cofferdam.gateway.storage.postgres;

import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.GeneratedId;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Locale;

/**
 * Asks a function of the database's owner, which says yes or no: this user sees no foreign row, and
 * the owner none but those with the id that is asked for.
 */
public final class PostgresOwners implements ForeignIds.Owners {
  private final TenantDatabase database;

  public PostgresOwners(TenantDatabase database) {
    this.database = database;
  }

  @Override
  public boolean hasAnother(TenantId than, GeneratedId id) {
    return database.inNone(
        connection -> {
          try (PreparedStatement statement =
              connection.prepareStatement("select has_another(?, ?, ?)")) {
            statement.setString(1, than.value());
            statement.setString(2, id.kind().name().toLowerCase(Locale.ROOT));
            statement.setString(3, id.value());
            try (ResultSet row = statement.executeQuery()) {
              row.next();
              return row.getBoolean(1);
            }
          }
        });
  }
}
