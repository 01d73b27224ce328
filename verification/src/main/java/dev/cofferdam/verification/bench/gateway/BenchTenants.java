package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.ModelRate;
import dev.cofferdam.proto.admin.v1.PutRateCardRequest;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Tenants whose every limit is set, and none is reached. */
final class BenchTenants {
  private static final String RATE_CARD = "bench";
  private static final long UNREACHED = 1_000_000_000_000L;

  private BenchTenants() {}

  /** Makes tenants through the admin API; their API keys. */
  static List<String> make(String endpoint, TlsFiles operator, int count) throws IOException {
    List<String> keys = new ArrayList<>();
    try (MeshChannels channels = new MeshChannels(operator)) {
      var admin = AdminServiceGrpc.newBlockingStub(channels.to(endpoint, SpiffeId.Role.GATEWAY));
      var unusedCard =
          admin.putRateCard(
              PutRateCardRequest.newBuilder()
                  .setRateCard(
                      RateCard.newBuilder()
                          .setId(RATE_CARD)
                          .setCurrency("EUR")
                          .addRates(
                              ModelRate.newBuilder()
                                  .setInputMicrosPerMillion(1_000_000)
                                  .setOutputMicrosPerMillion(3_000_000)))
                  .build());
      for (int i = 0; i < count; i++) {
        String id = "bench-" + i;
        var unused = admin.putTenant(PutTenantRequest.newBuilder().setTenant(tenant(id)).build());
        keys.add(
            admin.issueApiKey(IssueApiKeyRequest.newBuilder().setTenant(id).build()).getSecret());
      }
    }
    return keys;
  }

  private static Tenant tenant(String id) {
    return Tenant.newBuilder()
        .setId(id)
        .setTier(Tier.TIER_STANDARD)
        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
        .addPoolsAllowed("shared")
        .setRateCard(RATE_CARD)
        .setLimits(
            LimitOverrides.newBuilder()
                .setConcurrentRequests(10_000)
                .setRequestsPerMinute(100_000)
                .setBurstRequests(100_000)
                .setBurstPerMinute(6_000_000)
                .setTokensPerMinute(UNREACHED)
                .setDailyTokens(UNREACHED)
                .setMonthlyTokens(UNREACHED)
                .setDailyCostMicros(UNREACHED)
                .setMonthlyCostMicros(UNREACHED)
                .setBudgetHardStop(true))
        .build();
  }
}
