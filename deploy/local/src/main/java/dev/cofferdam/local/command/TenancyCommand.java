package dev.cofferdam.local.command;

import com.google.protobuf.Message;
import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.admin.AdminApi;
import dev.cofferdam.local.admin.DeclaredFile;
import dev.cofferdam.local.admin.RecordKind;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.tenancy.isolation.IsolationLevel;
import dev.cofferdam.tenancy.manifests.Fleet;
import dev.cofferdam.tenancy.manifests.Manifests;
import dev.cofferdam.tenancy.manifests.TenantShare;
import dev.cofferdam.tenancy.manifests.yaml.FleetFile;
import dev.cofferdam.tenancy.manifests.yaml.ManifestText;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Prints what a tenant gets of a Kubernetes cluster, and what the isolation levels are. */
final class TenancyCommand {
  private static final String USAGE =
      "tenancy levels, or tenancy render TENANT [--file DECLARED.yaml] [--fleet FLEET.yaml]"
          + " [--replicas N] [--pool POOL] [--model MODEL ...]";

  private final StateFiles files;
  private final Path directory;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   */
  TenancyCommand(StateFiles files, Path directory, PrintStream out) {
    this.files = files;
    this.directory = directory;
    this.out = out;
  }

  int run(List<String> line) throws IOException {
    Set<String> values = new HashSet<>(OperatorTarget.OPTIONS);
    values.addAll(Set.of("--file", "--fleet", "--replicas", "--pool", "--model"));
    Arguments arguments = Arguments.parse(line, Set.of(), values);
    List<String> words = arguments.words();
    if (words.equals(List.of("levels"))) {
      out.print(IsolationLevel.table());
      return 0;
    }
    if (words.size() != 2 || !words.getFirst().equals("render")) {
      throw new UsageException(USAGE);
    }
    Tenant record = record(words.get(1), arguments);
    try {
      out.print(ManifestText.of(Manifests.of(share(record, arguments), fleet(arguments))));
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
    return 0;
  }

  private Tenant record(String id, Arguments arguments) throws IOException {
    Optional<String> declared = arguments.value("--file");
    Optional<Message> found;
    if (declared.isPresent()) {
      try (Reader text = Files.newBufferedReader(file("--file", declared.get()))) {
        found =
            Optional.ofNullable(DeclaredFile.read(text).get(RecordKind.TENANT))
                .map(tenants -> tenants.get(id))
                .map(tenant -> RecordKind.TENANT.completed(tenant, Optional.empty()));
      } catch (IllegalArgumentException e) {
        throw new UsageException(declared.get() + ", " + e.getMessage());
      }
    } else {
      OperatorTarget target = OperatorTarget.of(arguments, files, directory, Endpoints::grpc);
      try (AdminApi api = new AdminApi(target.endpoint(), target.operator())) {
        found = Optional.ofNullable(api.list(RecordKind.TENANT).get(id));
      }
    }
    return (Tenant) found.orElseThrow(() -> new UsageException("no tenant " + id));
  }

  private static TenantShare share(Tenant record, Arguments arguments) {
    TenantProfile profile = TenantRecords.profile(record);
    IsolationLevel level = IsolationLevel.of(profile.isolationLevel());
    List<String> models = new ArrayList<>(arguments.all("--model"));
    if (models.isEmpty()) {
      profile.defaultModel().ifPresent(models::add);
      profile.modelsAllowed().stream()
          .sorted()
          .filter(m -> !models.contains(m))
          .forEach(models::add);
    }
    int replicas =
        arguments
            .value("--replicas")
            .map(text -> Arguments.number("--replicas", text, 1, 999))
            .orElse(Math.max(1, record.getPinnedReplicas()));
    return new TenantShare(
        profile.id(),
        record.getNamespace().isEmpty() ? "tenant-" + profile.id() : record.getNamespace(),
        level,
        arguments.value("--pool").orElseGet(() -> pool(profile, level)),
        models,
        replicas,
        profile.limits().kvBytesMax());
  }

  private static String pool(TenantProfile profile, IsolationLevel level) {
    if (level == IsolationLevel.DEDICATED) {
      return profile
          .dedicatedPool()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "tenant "
                          + profile.id()
                          + " has isolation level 5 and no dedicated_pool; give its record one, or"
                          + " --pool"));
    }
    if (profile.poolsAllowed().size() > 1) {
      throw new IllegalArgumentException(
          "tenant " + profile.id() + " may use several pools; say with --pool which one this is");
    }
    return profile.poolsAllowed().stream().findFirst().orElse("shared");
  }

  private Fleet fleet(Arguments arguments) throws IOException {
    Optional<String> name = arguments.value("--fleet");
    if (name.isEmpty()) {
      return Fleet.defaults();
    }
    try (Reader text = Files.newBufferedReader(file("--fleet", name.get()))) {
      return FleetFile.read(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(name.get() + ": " + e.getMessage());
    }
  }

  private Path file(String option, String name) {
    Path path = directory.resolve(name);
    if (!Files.isRegularFile(path)) {
      throw new UsageException(option + ": no file " + name);
    }
    return path;
  }
}
