package dev.cofferdam.mesh;

import static dev.cofferdam.vocabulary.SpiffeId.Role.ANONYMOUS;
import static dev.cofferdam.vocabulary.SpiffeId.Role.GATEWAY;
import static dev.cofferdam.vocabulary.SpiffeId.Role.OPERATOR;
import static dev.cofferdam.vocabulary.SpiffeId.Role.ROUTER;
import static dev.cofferdam.vocabulary.SpiffeId.Role.TENANT;
import static dev.cofferdam.vocabulary.SpiffeId.Role.WORKER;
import static java.util.Map.entry;

import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.util.Map;
import java.util.Set;

/** Who may call what in the whole mesh. A method that is missing here cannot be served. */
public final class CallTable {
  private static final Set<Role> EVERYONE = Set.of(Role.values());
  private static final Set<Role> PUBLIC = Set.of(TENANT, OPERATOR, ANONYMOUS);
  private static final Set<Role> READERS = Set.of(TENANT, OPERATOR);

  /** Readers, and gateways that show a reader its pages and name it ({@link OnBehalf}). */
  private static final Set<Role> READERS_AND_CONSOLE = Set.of(TENANT, OPERATOR, GATEWAY);

  private static final Map<String, Set<Role>> METHODS =
      Map.ofEntries(
          entry("cofferdam.inference.v1.InferenceService/Generate", PUBLIC),
          entry("cofferdam.inference.v1.InferenceService/Embed", PUBLIC),
          entry("cofferdam.inference.v1.InferenceService/CountTokens", PUBLIC),
          entry("cofferdam.inference.v1.InferenceService/ListModels", PUBLIC),
          entry("cofferdam.admin.v1.AdminService/PutTenant", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ListTenants", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/IssueApiKey", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/RevokeApiKey", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/PutModel", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/PutAdapter", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/PutPool", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/PutRateCard", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/GetTenant", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/DeleteTenant", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/SuspendTenant", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ThrottleTenant", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ResumeTenant", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/RotateApiKey", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ListApiKeys", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ListModels", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/DeleteModel", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ListAdapters", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/DeleteAdapter", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ListPools", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/DeletePool", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/ListRateCards", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.AdminService/DeleteRateCard", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.RolloutService/StartRollout", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.RolloutService/WeighRollout", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.RolloutService/PromoteRollout", Set.of(OPERATOR)),
          entry("cofferdam.admin.v1.RolloutService/RollBackRollout", Set.of(OPERATOR, ROUTER)),
          entry("cofferdam.admin.v1.RolloutService/ReportQuality", Set.of(OPERATOR)),
          entry("cofferdam.routing.v1.RoutingService/Place", Set.of(GATEWAY)),
          entry("cofferdam.routing.v1.RoutingService/Explain", Set.of(OPERATOR, GATEWAY)),
          entry("cofferdam.routing.v1.RoutingService/DescribeFleet", Set.of(OPERATOR, GATEWAY)),
          entry("cofferdam.routing.v1.RoutingService/Announce", Set.of(WORKER)),
          entry("cofferdam.scheduling.v1.SchedulingService/Enqueue", Set.of(ROUTER)),
          entry("cofferdam.scheduling.v1.SchedulingService/Attach", Set.of(WORKER)),
          entry("cofferdam.worker.v1.WorkerService/Generate", Set.of(GATEWAY)),
          entry("cofferdam.worker.v1.WorkerService/Finish", Set.of(GATEWAY)),
          entry("cofferdam.worker.v1.WorkerService/Drain", Set.of(OPERATOR)),
          entry("cofferdam.worker.v1.WorkerService/Erase", Set.of(OPERATOR)),
          entry("cofferdam.metering.v1.UsageService/ListUsage", READERS_AND_CONSOLE),
          entry("cofferdam.metering.v1.UsageService/ListRollups", READERS_AND_CONSOLE),
          entry("cofferdam.metering.v1.BillingService/DraftInvoice", READERS),
          entry("cofferdam.metering.v1.BillingService/IssueInvoice", Set.of(OPERATOR)),
          entry("cofferdam.metering.v1.BillingService/ListInvoices", READERS),
          entry("cofferdam.metering.v1.BillingService/GetInvoice", READERS),
          entry("cofferdam.metering.v1.BillingService/ListLineUses", READERS),
          entry("cofferdam.metering.v1.CostService/GetCosts", READERS_AND_CONSOLE),
          entry("cofferdam.metering.v1.FocusService/ExportFocus", READERS),
          entry("cofferdam.audit.v1.AuditService/ListRecords", READERS_AND_CONSOLE),
          entry("cofferdam.audit.v1.AuditService/GetCheckpoint", READERS),
          entry("cofferdam.audit.v1.AuditService/GetInclusionProof", READERS_AND_CONSOLE),
          entry("cofferdam.audit.v1.AuditService/GetConsistencyProof", READERS),
          entry("cofferdam.audit.v1.AuditService/GetReport", READERS),
          entry("cofferdam.audit.v1.AuditService/EraseTenant", Set.of(OPERATOR)),
          entry("cofferdam.audit.v1.AuditService/RotateKeys", Set.of(OPERATOR)),
          entry("grpc.health.v1.Health/Check", EVERYONE),
          entry("grpc.health.v1.Health/Watch", EVERYONE),
          entry("grpc.health.v1.Health/List", EVERYONE),
          entry("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", PUBLIC),
          entry("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", PUBLIC));

  private CallTable() {}

  /** Whether the table knows a method ("package.Service/Method"). */
  public static boolean knows(String method) {
    return METHODS.containsKey(method);
  }

  /** Whether a role may call a method; never for a method that the table does not know. */
  public static boolean allows(Role role, String method) {
    return METHODS.getOrDefault(method, Set.of()).contains(role);
  }
}
