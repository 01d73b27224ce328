package dev.cofferdam.gateway.batch.postgres;

import dev.cofferdam.gateway.batch.Batch;
import dev.cofferdam.gateway.batch.BatchStatus;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.batch.StoredFile;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Files and jobs in tables behind row-level security. Who has taken a job is decided by the
 * database's clock. Writing a line locks the job's turn, so that a gateway whose lease is over
 * writes nothing once another has taken the job.
 */
public final class PostgresBatchStore implements BatchStore {
  /** How long after its job's time a file that it wrote is kept. */
  private static final Duration OUTPUT_KEPT = Duration.ofDays(30);

  private static final String UNFINISHED = "status in ('in_progress', 'cancelling')";

  private final TenantDatabase database;
  private final PartSeal seal;
  private final BatchRows rows;

  /**
   * @param secret random bytes that all gateways share
   * @throws IllegalArgumentException where they are too few
   */
  public PostgresBatchStore(TenantDatabase database, byte[] secret) {
    this.database = database;
    this.seal = new PartSeal(secret);
    this.rows = new BatchRows(seal);
  }

  @Override
  public Usage usage(TenantId tenant) {
    return database.inTenant(
        tenant,
        c ->
            Sql.one(
                    c,
                    "select (select count(*) from batch_files),"
                        + " (select coalesce(sum(bytes), 0) from batch_files),"
                        + " (select count(*) from batches where "
                        + UNFINISHED
                        + ")",
                    row -> new Usage(row.getLong(1), row.getLong(2), row.getLong(3)))
                .orElseThrow());
  }

  @Override
  public void put(TenantId tenant, StoredFile file, List<String> parts) {
    database.inTenant(
        tenant,
        c -> {
          insert(c, tenant, file, true);
          for (int i = 0; i < parts.size(); i++) {
            part(c, tenant, file.id(), i, parts.get(i));
          }
          return true;
        });
  }

  private void insert(Connection c, TenantId tenant, StoredFile file, boolean visible)
      throws SQLException {
    Sql.run(
        c,
        "insert into batch_files values (?, ?, ?, ?, ?, ?, ?, ?)",
        tenant.value(),
        file.id(),
        file.output(),
        visible,
        seal.seal(tenant, file.id(), PartSeal.BESIDE, file.name()),
        file.bytes(),
        file.createdMs(),
        file.expiresMs());
    Sql.run(
        c,
        "insert into batch_due values (?, ?, to_timestamp(?::bigint / 1000.0), '')",
        tenant.value(),
        file.id(),
        file.expiresMs());
  }

  private void part(Connection c, TenantId tenant, String file, int number, String text)
      throws SQLException {
    Sql.run(
        c,
        "insert into batch_file_parts values (?, ?, ?, ?)",
        tenant.value(),
        file,
        number,
        seal.seal(tenant, file, number, text));
  }

  @Override
  public Optional<StoredFile> file(TenantId tenant, String id) {
    return database.inTenant(
        tenant,
        c ->
            Sql.one(
                c,
                "select * from batch_files where id = ? and visible",
                row -> rows.file(tenant, row),
                id));
  }

  @Override
  public List<StoredFile> files(TenantId tenant, int limit) {
    return database.inTenant(
        tenant,
        c ->
            Sql.all(
                c,
                "select * from batch_files where visible order by created_ms desc, id desc limit ?",
                row -> rows.file(tenant, row),
                limit));
  }

  @Override
  public boolean delete(TenantId tenant, String id) {
    return database.inTenant(
        tenant,
        c -> {
          String needed =
              " (select from batches where (input_file = ? or output_file = ? or error_file = ?) and "
                  + UNFINISHED
                  + ")";
          boolean deleted =
              Sql.run(
                      c,
                      "delete from batch_files where id = ? and not exists" + needed,
                      id,
                      id,
                      id,
                      id)
                  == 1;
          if (deleted) {
            Sql.run(c, "delete from batch_due where id = ?", id);
          } else {
            // One whose time is over and that is needed still: later.
            Sql.run(
                c,
                "update batch_due set at = now() + interval '1 hour' where id = ? and at <= now()",
                id);
          }
          return deleted;
        });
  }

  @Override
  public List<Part> parts(TenantId tenant, String file, int after, int limit) {
    return database.inTenant(
        tenant,
        c ->
            Sql.all(
                c,
                "select part, content from batch_file_parts where file = ? and part > ?"
                    + " order by part limit ?",
                row ->
                    new Part(
                        row.getInt(1), seal.open(tenant, file, row.getInt(1), row.getBytes(2))),
                file,
                after,
                limit));
  }

  @Override
  public void create(Batch batch) {
    TenantId tenant = batch.tenant();
    database.inTenant(
        tenant,
        c -> {
          insert(c, tenant, output(batch, batch.outputFile(), "_output.jsonl"), false);
          insert(c, tenant, output(batch, batch.errorFile(), "_error.jsonl"), false);
          rows.insert(c, batch);
          return Sql.run(
              c, "insert into batch_due values (?, ?, now(), '')", tenant.value(), batch.id());
        });
  }

  private static StoredFile output(Batch batch, String id, String suffix) {
    long kept = batch.expiresMs() + OUTPUT_KEPT.toMillis();
    return new StoredFile(id, true, batch.id() + suffix, 0, batch.createdMs(), kept);
  }

  @Override
  public Optional<Batch> batch(TenantId tenant, String id) {
    return database.inTenant(tenant, c -> find(c, tenant, id));
  }

  private Optional<Batch> find(Connection c, TenantId tenant, String id) throws SQLException {
    return Sql.one(c, "select * from batches where id = ?", row -> rows.batch(tenant, row), id);
  }

  @Override
  public List<Batch> batches(TenantId tenant, String after, int limit) {
    return database.inTenant(
        tenant,
        c ->
            Sql.all(
                c,
                "select * from batches where ? = '' or (created_ms, id) <"
                    + " (select created_ms, id from batches where id = ?)"
                    + " order by created_ms desc, id desc limit ?",
                row -> rows.batch(tenant, row),
                after,
                after,
                limit));
  }

  @Override
  public Optional<Batch> cancel(TenantId tenant, String id, long nowMs) {
    return database.inTenant(
        tenant,
        c -> {
          Sql.run(
              c,
              "update batches set status = 'cancelling', cancelling_ms = ?"
                  + " where id = ? and status = 'in_progress'",
              nowMs,
              id);
          Sql.run(c, "update batch_due set at = now() where id = ? and owner = ''", id);
          return find(c, tenant, id);
        });
  }

  @Override
  public List<Due> due(int limit) {
    return database.inNone(
        c ->
            Sql.all(
                c,
                """
                select tenant, id from (
                  select tenant, id, at, row_number() over (partition by tenant order by at, id) as turn
                  from batch_due as d
                  where at <= now() and (id like 'file-%' or not exists (
                    select from batch_due as o
                    where o.tenant = d.tenant and o.owner <> '' and o.at > now()))) as waiting
                where turn = 1 order by at limit ?
                """,
                row -> new Due(new TenantId(row.getString(1)), row.getString(2)),
                limit));
  }

  @Override
  public Optional<Batch> take(Due due, String owner, long leaseMs) {
    return database.inTenant(
        due.tenant(),
        c -> {
          Sql.one(
              c,
              "select pg_advisory_xact_lock(hashtextextended(?, 0))",
              row -> true,
              "batches of " + due.tenant());
          int taken =
              Sql.run(
                  c,
                  """
                  update batch_due as d set owner = ?, at = now() + ? * interval '1 millisecond'
                  where id = ? and at <= now() and not exists (
                    select from batch_due as o where o.id <> d.id and o.owner <> '' and o.at > now())
                  """,
                  owner,
                  leaseMs,
                  due.id());
          return taken == 1 ? find(c, due.tenant(), due.id()) : Optional.empty();
        });
  }

  @Override
  public Optional<Batch> keep(Batch batch, String owner, long leaseMs) {
    return database.inTenant(
        batch.tenant(),
        c -> {
          int kept =
              Sql.run(
                  c,
                  "update batch_due set at = now() + ? * interval '1 millisecond'"
                      + " where id = ? and owner = ?",
                  leaseMs,
                  batch.id(),
                  owner);
          return kept == 1 ? find(c, batch.tenant(), batch.id()) : Optional.empty();
        });
  }

  @Override
  public void giveBack(Batch batch, String owner, long afterMs) {
    database.inTenant(
        batch.tenant(),
        c ->
            Sql.run(
                c,
                """
                update batch_due as d set owner = '', at = case
                    when (select status from batches as b where b.id = d.id) = 'cancelling'
                    then now() else now() + ? * interval '1 millisecond' end
                where id = ? and owner = ?
                """,
                afterMs,
                batch.id(),
                owner));
  }

  @Override
  public void erase(TenantId tenant) {
    database.inTenant(
        tenant,
        c ->
            Sql.run(c, "delete from batch_due")
                + Sql.run(c, "delete from batches")
                + Sql.run(c, "delete from batch_files"));
  }

  @Override
  public BitSet written(Batch batch) {
    return database.inTenant(
        batch.tenant(),
        c -> {
          BitSet lines = new BitSet();
          Sql.all(
                  c,
                  "select part from batch_file_parts where file in (?, ?)",
                  row -> row.getInt(1),
                  batch.outputFile(),
                  batch.errorFile())
              .forEach(lines::set);
          return lines;
        });
  }

  @Override
  public boolean write(Batch batch, String owner, int line, boolean answered, String text) {
    return database.inTenant(
        batch.tenant(),
        c -> {
          if (!owned(c, batch, owner)) {
            return false;
          }
          String file = answered ? batch.outputFile() : batch.errorFile();
          part(c, batch.tenant(), file, line, text + "\n");
          Sql.run(
              c,
              "update batches set completed = completed + ?, failed = failed + ? where id = ?",
              answered ? 1 : 0,
              answered ? 0 : 1,
              batch.id());
          Sql.run(
              c,
              "update batch_files set bytes = bytes + ? where id = ?",
              (long) text.getBytes(StandardCharsets.UTF_8).length + 1,
              file);
          return true;
        });
  }

  /** Whether the job is the owner's until this transaction ends. */
  private static boolean owned(Connection c, Batch batch, String owner) throws SQLException {
    return Sql.one(
            c,
            "select from batch_due where id = ? and owner = ? for update",
            row -> true,
            batch.id(),
            owner)
        .isPresent();
  }

  @Override
  public boolean end(Batch batch, String owner, BatchStatus status, long nowMs) {
    return database.inTenant(
        batch.tenant(),
        c -> {
          if (!owned(c, batch, owner)) {
            return false;
          }
          Sql.run(
              c,
              "update batches set ended_ms = ?,"
                  + " status = case when status = 'cancelling' then 'cancelled' else ? end"
                  + " where id = ? and "
                  + UNFINISHED,
              nowMs,
              status.label(),
              batch.id());
          Sql.run(c, "delete from batch_due where id = ?", batch.id());
          for (String file : List.of(batch.outputFile(), batch.errorFile())) {
            if (Sql.run(c, "delete from batch_files where id = ? and bytes = 0", file) == 1) {
              Sql.run(c, "delete from batch_due where id = ?", file);
            } else {
              Sql.run(c, "update batch_files set visible = true where id = ?", file);
            }
          }
          return true;
        });
  }
}
