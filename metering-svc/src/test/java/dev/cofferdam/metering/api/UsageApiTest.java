package dev.cofferdam.metering.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.api.grpc.UsageEndpoint;
import dev.cofferdam.metering.ledger.SilentListener;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.proto.metering.v1.ListRollupsRequest;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.ListUsageResponse;
import dev.cofferdam.proto.metering.v1.Period;
import dev.cofferdam.proto.metering.v1.Rollup;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc.UsageServiceBlockingStub;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.Statuses;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The query service over mutual TLS, on a real PostgreSQL. */
class UsageApiTest {
  private static final int FACTS = 300;

  @TempDir static Path folder;
  private static DataSource database;
  private static MeshServer server;
  private static MeshChannels harbor;
  private static MeshChannels pixel;
  private static MeshChannels operator;
  private static List<UsageRecorded> facts;
  private static final List<Violation> VIOLATIONS = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void serve() {
    database = TestDatabase.create();
    LedgerIntake intake =
        new LedgerIntake(
            "usage",
            new PostgresLedger(database),
            InstantSource.fixed(Facts.NOW),
            new SilentListener());
    intake.claim(Set.of(0));
    facts = Facts.random(11, FACTS);
    intake.store(Facts.in(0, 0, facts.stream().map(Facts::bytes).toList()));
    TestPki pki = new TestPki(folder);
    TlsFiles own = pki.identity("metering", "spiffe://cofferdam.local/service/metering");
    server =
        MeshServer.builder("cofferdam.local", own)
            .service(new UsageEndpoint(new PostgresUsageViews(database), VIOLATIONS::add))
            .start();
    harbor = new MeshChannels(pki.identity("h", "spiffe://cofferdam.local/tenant/harbor-books"));
    pixel = new MeshChannels(pki.identity("p", "spiffe://cofferdam.local/tenant/pixel-pirates"));
    operator = new MeshChannels(pki.identity("o", "spiffe://cofferdam.local/operator/local"));
  }

  @AfterAll
  static void stop() throws IOException {
    harbor.close();
    pixel.close();
    operator.close();
    server.close();
  }

  @BeforeEach
  void forget() {
    VIOLATIONS.clear();
  }

  private static UsageServiceBlockingStub as(MeshChannels channels) {
    return UsageServiceGrpc.newBlockingStub(
        channels.to("127.0.0.1:" + server.port(), SpiffeId.Role.METERING));
  }

  private static List<UsageRow> allPages(MeshChannels channels, ListUsageRequest first) {
    List<UsageRow> rows = new ArrayList<>();
    ListUsageRequest request = first;
    while (true) {
      ListUsageResponse page = as(channels).listUsage(request);
      rows.addAll(page.getRowsList());
      if (page.getNextPageToken().isEmpty()) {
        return rows;
      }
      request = first.toBuilder().setPageToken(page.getNextPageToken()).build();
    }
  }

  private static ErrorCode refusal(Throwable failure) {
    return Statuses.toRefusal(failure).code();
  }

  private static long of(String tenant) {
    return facts.stream().filter(f -> f.getTenant().equals(tenant)).count();
  }

  @Test
  void aTenantSeesAllOfItsRowsAndNoOthers() {
    List<UsageRow> rows =
        as(harbor)
            .listUsage(ListUsageRequest.newBuilder().setPageSize(1_000).build())
            .getRowsList();
    assertThat(rows).hasSize((int) of("harbor-books")).isNotEmpty();
    assertThat(rows).allMatch(row -> row.getTenant().equals("harbor-books"));
    assertThat(
            as(harbor)
                .listUsage(
                    ListUsageRequest.newBuilder()
                        .setTenant("harbor-books")
                        .setPageSize(1_000)
                        .build())
                .getRowsList())
        .isEqualTo(rows);
  }

  @Test
  void anotherTenantsUsageIsRefusedAndRecorded() {
    Throwable events =
        catchThrowable(
            () ->
                as(harbor)
                    .listUsage(ListUsageRequest.newBuilder().setTenant("pixel-pirates").build()));
    Throwable rollups =
        catchThrowable(
            () ->
                as(harbor)
                    .listRollups(
                        ListRollupsRequest.newBuilder()
                            .setTenant("pixel-pirates")
                            .setPeriod(Period.PERIOD_DAY)
                            .build()));
    assertThat(refusal(events)).isEqualTo(ErrorCode.IDENTITY_MISMATCH);
    assertThat(refusal(rollups)).isEqualTo(ErrorCode.IDENTITY_MISMATCH);
    assertThat(VIOLATIONS)
        .extracting(Violation::method)
        .containsExactly("ListUsage", "ListRollups");
    assertThat(VIOLATIONS)
        .allMatch(
            v ->
                v.tenant().value().equals("harbor-books")
                    && v.actor().equals("spiffe://cofferdam.local/tenant/harbor-books"));
  }

  @Test
  void anotherTenantsRequestIdAndPageTokenRevealNothing() {
    UsageRow foreign =
        as(pixel).listUsage(ListUsageRequest.newBuilder().setPageSize(1).build()).getRows(0);
    assertThat(
            as(harbor)
                .listUsage(
                    ListUsageRequest.newBuilder().setRequestId(foreign.getRequestId()).build())
                .getRowsList())
        .isEmpty();
    String token =
        as(pixel)
            .listUsage(ListUsageRequest.newBuilder().setPageSize(1).build())
            .getNextPageToken();
    assertThat(allPages(harbor, ListUsageRequest.newBuilder().setPageToken(token).build()))
        .allMatch(row -> row.getTenant().equals("harbor-books"));
  }

  @Test
  void pagesTogetherAreTheWholeListWithoutGapOrRepeat() {
    List<UsageRow> whole =
        as(operator)
            .listUsage(ListUsageRequest.newBuilder().setPageSize(1_000).build())
            .getRowsList();
    List<UsageRow> pages = allPages(operator, ListUsageRequest.newBuilder().setPageSize(7).build());
    assertThat(pages).isEqualTo(whole).hasSize(FACTS);
    assertThat(new HashSet<>(pages)).hasSize(FACTS);
    assertThat(pages)
        .isSortedAccordingTo((a, b) -> Long.compare(b.getEndedEpochMs(), a.getEndedEpochMs()));
  }

  @Test
  void anOperatorSeesOneTenantOrAll() {
    assertThat(allPages(operator, ListUsageRequest.newBuilder().setTenant("pixel-pirates").build()))
        .hasSize((int) of("pixel-pirates"));
    assertThat(
            as(operator)
                .listUsage(ListUsageRequest.newBuilder().setTenant("nobody").build())
                .getRowsList())
        .isEmpty();
    assertThat(VIOLATIONS).isEmpty();
  }

  @Test
  void rollupsOfATenantAddUpToItsFacts() {
    for (Period period : List.of(Period.PERIOD_HOUR, Period.PERIOD_DAY, Period.PERIOD_MONTH)) {
      List<Rollup> rollups =
          as(harbor)
              .listRollups(ListRollupsRequest.newBuilder().setPeriod(period).build())
              .getRollupsList();
      assertThat(rollups).allMatch(r -> r.getTenant().equals("harbor-books"));
      assertThat(rollups).allMatch(r -> r.getBookedEpochMs() == r.getPeriodStartEpochMs());
      assertThat(rollups.stream().mapToLong(Rollup::getOutputTokens).sum())
          .isEqualTo(
              facts.stream()
                  .filter(f -> f.getTenant().equals("harbor-books"))
                  .mapToLong(UsageRecorded::getOutputTokens)
                  .sum());
      assertThat(rollups)
          .isSortedAccordingTo(
              (a, b) -> Long.compare(a.getPeriodStartEpochMs(), b.getPeriodStartEpochMs()));
    }
  }

  @Test
  void aSpanOfTimeIncludesItsStartAndExcludesItsEnd() {
    List<UsageRow> all = allPages(harbor, ListUsageRequest.getDefaultInstance());
    long from = all.get(2 * all.size() / 3).getEndedEpochMs();
    long to = all.get(all.size() / 3).getEndedEpochMs();
    assertThat(
            allPages(
                harbor,
                ListUsageRequest.newBuilder().setFromEpochMs(from).setToEpochMs(to).build()))
        .isNotEmpty()
        .isEqualTo(
            all.stream()
                .filter(r -> r.getEndedEpochMs() >= from && r.getEndedEpochMs() < to)
                .toList());
  }

  @Test
  void badArgumentsAreNamedAndRefused() {
    List<ListUsageRequest> bad =
        List.of(
            ListUsageRequest.newBuilder().setPageSize(-1).build(),
            ListUsageRequest.newBuilder().setPageSize(1_001).build(),
            ListUsageRequest.newBuilder().setFromEpochMs(-1).build(),
            ListUsageRequest.newBuilder().setRequestId("x' or '1'='1").build(),
            ListUsageRequest.newBuilder().setPageToken("%%%").build(),
            ListUsageRequest.newBuilder()
                .setPageToken(Base64.getEncoder().encodeToString(new byte[400]))
                .build());
    for (ListUsageRequest request : bad) {
      assertThat(refusal(catchThrowable(() -> as(harbor).listUsage(request))))
          .isEqualTo(ErrorCode.INVALID_REQUEST);
    }
    assertThat(
            refusal(
                catchThrowable(
                    () -> as(harbor).listRollups(ListRollupsRequest.getDefaultInstance()))))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(
            refusal(
                catchThrowable(
                    () ->
                        as(operator)
                            .listUsage(
                                ListUsageRequest.newBuilder().setTenant("No Tenant").build()))))
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(
            as(harbor)
                .listUsage(ListUsageRequest.newBuilder().setFromEpochMs(Long.MAX_VALUE).build())
                .getRowsList())
        .isEmpty();
  }

  @Test
  void rowLevelSecurityAloneHoldsWhereAConditionIsForgotten() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("set local cofferdam.tenant = 'harbor-books'");
      assertThat(tenants(statement, "usage_events")).containsExactly("harbor-books");
      assertThat(tenants(statement, "usage_rollups")).containsExactly("harbor-books");
      connection.rollback();
      assertThat(tenants(statement, "usage_events")).isEmpty();
      assertThat(tenants(statement, "usage_rollups")).isEmpty();
    }
  }

  private static Set<String> tenants(Statement statement, String table) throws SQLException {
    Set<String> tenants = new HashSet<>();
    try (ResultSet rows = statement.executeQuery("select distinct tenant from " + table)) {
      while (rows.next()) {
        tenants.add(rows.getString(1));
      }
    }
    return tenants;
  }

  @Test
  void aLedgerThatIsAwayIsSaidSoWithoutDetails() {
    PostgresUsageViews away =
        new PostgresUsageViews(
            (DataSource)
                java.lang.reflect.Proxy.newProxyInstance(
                    DataSource.class.getClassLoader(),
                    new Class<?>[] {DataSource.class},
                    (self, method, arguments) -> {
                      throw new SQLException("connection refused at a secret place", "08001");
                    }));
    assertThat(
            catchThrowable(
                () ->
                    away.rollups(
                        new View.Everybody(),
                        new dev.cofferdam.metering.ledger.UsageViews.RollupQuery(
                            dev.cofferdam.metering.ledger.UsageViews.Period.DAY,
                            dev.cofferdam.metering.ledger.UsageViews.Span.ALWAYS))))
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessageNotContaining("secret");
  }
}
