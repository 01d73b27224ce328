package dev.cofferdam.gateway.storage.postgres;

import dev.cofferdam.gateway.storage.StorageRounds;
import dev.cofferdam.gateway.storage.Stored;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Map;

/**
 * Bytes of a tenant's rows, in the tenant's own transaction: no statement sees two tenants. Stored
 * requests that have expired are not there, whether they are swept or not.
 */
public final class PostgresStorage implements StorageRounds.Store {
  private static final String BYTES =
      """
      select database_id(),
        coalesce((select bytes from document_totals), 0),
        (select coalesce(sum(octet_length(sealed)), 0) from transcripts),
        (select coalesce(sum(bytes), 0) from batch_files)
      """;

  private final TenantDatabase database;

  public PostgresStorage(TenantDatabase database) {
    this.database = database;
  }

  @Override
  public Stored of(TenantId tenant) {
    return database.inTenant(
        tenant,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(BYTES);
              ResultSet row = statement.executeQuery()) {
            row.next();
            return new Stored(
                row.getString(1),
                Map.of(
                    "documents",
                    row.getLong(2),
                    "requests",
                    row.getLong(3),
                    "files",
                    row.getLong(4)));
          }
        });
  }
}
