package dev.cofferdam.gateway.batch.postgres;

import dev.cofferdam.gateway.batch.Batch;
import dev.cofferdam.gateway.batch.BatchStatus;
import dev.cofferdam.gateway.batch.StoredFile;
import dev.cofferdam.vocabulary.TenantId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Locale;
import java.util.OptionalLong;

/** Rows of the tables as the concept's records. */
final class BatchRows {
  private final PartSeal seal;

  BatchRows(PartSeal seal) {
    this.seal = seal;
  }

  StoredFile file(TenantId tenant, ResultSet row) throws SQLException {
    String id = row.getString("id");
    return new StoredFile(
        id,
        row.getBoolean("output"),
        seal.open(tenant, id, PartSeal.BESIDE, row.getBytes("name")),
        row.getLong("bytes"),
        row.getLong("created_ms"),
        row.getLong("expires_ms"));
  }

  Batch batch(TenantId tenant, ResultSet row) throws SQLException {
    String id = row.getString("id");
    return new Batch(
        tenant,
        id,
        row.getString("endpoint"),
        row.getString("input_file"),
        row.getString("output_file"),
        row.getString("error_file"),
        BatchStatus.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
        new Batch.Counts(row.getInt("total"), row.getInt("completed"), row.getInt("failed")),
        row.getLong("created_ms"),
        row.getLong("expires_ms"),
        time(row, "cancelling_ms"),
        time(row, "ended_ms"),
        seal.open(tenant, id, PartSeal.BESIDE, row.getBytes("metadata")),
        new Batch.Submitter(
            row.getString("actor"), row.getString("source_ip"), row.getString("key_id")));
  }

  void insert(Connection connection, Batch batch) throws SQLException {
    Sql.run(
        connection,
        "insert into batches (tenant, id, endpoint, input_file, output_file, error_file, status,"
            + " total, created_ms, expires_ms, metadata, actor, source_ip, key_id)"
            + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        batch.tenant().value(),
        batch.id(),
        batch.endpoint(),
        batch.inputFile(),
        batch.outputFile(),
        batch.errorFile(),
        batch.status().label(),
        batch.counts().total(),
        batch.createdMs(),
        batch.expiresMs(),
        seal.seal(batch.tenant(), batch.id(), PartSeal.BESIDE, batch.metadata()),
        batch.submitter().actor(),
        batch.submitter().sourceIp(),
        batch.submitter().keyId());
  }

  private static OptionalLong time(ResultSet row, String column) throws SQLException {
    long ms = row.getLong(column);
    return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(ms);
  }
}
