package dev.cofferdam.verification.billing;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.PutRateCardRequest;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc;
import dev.cofferdam.proto.metering.v1.DraftInvoiceRequest;
import dev.cofferdam.proto.metering.v1.InvoiceLine;
import dev.cofferdam.proto.metering.v1.LineUse;
import dev.cofferdam.proto.metering.v1.ListLineUsesRequest;
import dev.cofferdam.proto.metering.v1.ListLineUsesResponse;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What tenants keep in a running mesh, on their bills, down to the hours in which it was kept. The
 * first look in an hour counts, so that each tenant keeps one kind of thing.
 */
class KeptBillingTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String CARD = "of-what-is-kept";
  private static final String DEAR = "A letter of a few bytes. ".repeat(40);

  /** So much that a few bytes cost something. */
  private static final long MICROS_PER_GIB_HOUR = 100_000_000_000L;

  private static final long ADAPTER_MICROS_PER_HOUR = 50_000;

  @BeforeAll
  static void price() {
    var unused =
        AdminServiceGrpc.newBlockingStub(MESH.asOperator("grpc"))
            .putRateCard(
                PutRateCardRequest.newBuilder()
                    .setRateCard(
                        RateCard.newBuilder()
                            .setId(CARD)
                            .setCurrency("EUR")
                            .addRates(
                                ModelRate.newBuilder()
                                    .setAdapterMicrosPerHour(ADAPTER_MICROS_PER_HOUR))
                            .setStorageMicrosPerGibHour(MICROS_PER_GIB_HOUR))
                    .build());
  }

  private static TenantHandle tenant(String name) {
    return MESH.newTenant(
        name, "standard", record -> record.setRateCard(CARD).setPromptStorageSeconds(3_600));
  }

  /** The line of a meter in the tenant's own draft, and what it is made of. */
  private static ListLineUsesResponse billed(TenantHandle tenant, String meter) {
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    String from = today.minusDays(1).toString();
    String to = today.plusDays(2).toString();
    var billing = BillingServiceGrpc.newBlockingStub(MESH.meteringAs(tenant));
    int line =
        Patience.await(
                meter + " is on the bill",
                () ->
                    billing
                        .draftInvoice(
                            DraftInvoiceRequest.newBuilder().setFromDay(from).setToDay(to).build())
                        .getInvoice()
                        .getLinesList()
                        .stream()
                        .filter(one -> one.getMeter().equals(meter))
                        .findFirst())
            .getLine();
    ListLineUsesResponse uses =
        billing.listLineUses(
            ListLineUsesRequest.newBuilder().setLine(line).setFromDay(from).setToDay(to).build());
    assertThat(uses.getLine().getMeter()).isEqualTo(meter);
    assertThat(uses.getUsesList())
        .allMatch(use -> use.getId().endsWith(":" + Instant.ofEpochMilli(use.getAtEpochMs())))
        .allMatch(use -> use.getAtEpochMs() == hour(use).toEpochMilli());
    assertThat(uses.getUsesList().stream().mapToLong(LineUse::getUnits).sum())
        .isEqualTo(uses.getLine().getUnits());
    return uses;
  }

  private static Instant hour(LineUse use) {
    return Instant.ofEpochMilli(use.getAtEpochMs()).truncatedTo(ChronoUnit.HOURS);
  }

  private static void costsByTheByte(InvoiceLine line) {
    BigDecimal gib = BigDecimal.valueOf(line.getUnits()).divide(BigDecimal.valueOf(1L << 30));
    assertThat(new BigDecimal(line.getAmount()).doubleValue())
        .isEqualTo(
            gib.multiply(BigDecimal.valueOf(MICROS_PER_GIB_HOUR, 6)).doubleValue(),
            org.assertj.core.data.Offset.offset(0.000_001))
        .isPositive();
  }

  @Test
  void aDocumentIsBilledByItsBytesAndHours() {
    TenantHandle tenant = tenant("kept-document");
    assertThat(
            MESH.rest()
                .post("/v1/documents", tenant.apiKey(), "{\"text\":\"" + DEAR + "\"}")
                .status())
        .isEqualTo(200);

    ListLineUsesResponse uses = billed(tenant, "storage_gib_hours");

    assertThat(uses.getUsesList())
        .allMatch(use -> use.getId().startsWith("storage:documents@"))
        .allMatch(use -> use.getUnits() == DEAR.length());
    costsByTheByte(uses.getLine());
  }

  @Test
  void aFileOfBatchesIsBilledByItsBytesAndHours() {
    TenantHandle tenant = tenant("kept-file");
    MESH.openAi(tenant.apiKey())
        .files()
        .create(
            FileCreateParams.builder()
                .purpose(FilePurpose.BATCH)
                .file(DEAR.getBytes(StandardCharsets.UTF_8))
                .build());

    ListLineUsesResponse uses = billed(tenant, "storage_gib_hours");

    assertThat(uses.getUsesList())
        .allMatch(use -> use.getId().startsWith("storage:files@"))
        .allMatch(use -> use.getUnits() == DEAR.length());
    costsByTheByte(uses.getLine());
  }

  @Test
  void aStoredRequestIsBilledByItsSealedBytesAndHours() {
    TenantHandle tenant = tenant("kept-request");
    Generation generation =
        Generation.run(MESH.grpc(), tenant.apiKey(), Generation.chat("Where is it?").build());
    assertThat(generation.status().isOk()).as("%s", generation.status()).isTrue();

    ListLineUsesResponse uses = billed(tenant, "storage_gib_hours");

    assertThat(uses.getUsesList())
        .allMatch(use -> use.getId().startsWith("storage:requests@"))
        .allMatch(use -> use.getUnits() > generation.text().length());
    costsByTheByte(uses.getLine());
  }

  @Test
  void anAdapterInMemoryIsBilledByItsHours() {
    TenantHandle tenant = tenant("kept-adapter");
    MESH.putAdapter(tenant, "voice", "harbor-books");
    Patience.await(
        "the adapter answers",
        () ->
            Optional.of(
                    Generation.run(
                        MESH.grpc(),
                        tenant.apiKey(),
                        Generation.chat("Hello").setAdapter("voice").build()))
                .filter(generation -> generation.status().isOk()));

    ListLineUsesResponse uses = billed(tenant, "adapter_hours");

    assertThat(uses.getUsesList())
        .allMatch(use -> use.getId().startsWith("adapter:voice:"))
        .allMatch(use -> use.getUnits() == 1);
    assertThat(new BigDecimal(uses.getLine().getAmount()))
        .isEqualByComparingTo(
            BigDecimal.valueOf(uses.getLine().getUnits() * ADAPTER_MICROS_PER_HOUR, 6));
  }
}
