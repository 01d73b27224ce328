package dev.cofferdam.local.command;

import com.google.protobuf.Message;
import dev.cofferdam.local.admin.AdminApi;
import dev.cofferdam.local.admin.DeclaredFile;
import dev.cofferdam.local.admin.FieldText;
import dev.cofferdam.local.admin.Plan;
import dev.cofferdam.local.admin.RecordKind;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.ListApiKeysRequest;
import dev.cofferdam.proto.admin.v1.ResumeTenantRequest;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RotateApiKeyRequest;
import dev.cofferdam.proto.admin.v1.SuspendTenantRequest;
import dev.cofferdam.proto.admin.v1.ThrottleTenantRequest;
import io.grpc.Status;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code ./cofferdam admin} can do. */
final class AdminActions {
  private final AdminApi api;
  private final AdminOutput output;
  private final Path directory;

  AdminActions(AdminApi api, AdminOutput output, Path directory) {
    this.api = api;
    this.output = output;
    this.directory = directory;
  }

  void run(Arguments arguments) {
    List<String> words = arguments.words();
    String area = words.get(0);
    String action = words.size() > 1 ? words.get(1) : "";
    switch (area) {
      case "plan", "apply" -> declared(arguments, area.equals("apply"));
      case "keys" -> keys(arguments, action);
      case "rollout" -> new RolloutActions(api, output).run(arguments, action);
      case "shift" -> new ShiftActions(api, output).run(arguments, action);
      default -> {
        RecordKind kind =
            RecordKind.ofSection(area.replace('-', '_'))
                .orElseThrow(() -> new UsageException("admin has no area " + area));
        records(kind, arguments, action);
      }
    }
  }

  private void records(RecordKind kind, Arguments arguments, String action) {
    switch (action) {
      case "list" -> {
        words(arguments, 2, 2, "list");
        output.records(api.list(kind));
      }
      case "get" -> output.record(inForce(kind, key(arguments, 3, "get")));
      case "put" -> put(kind, arguments);
      case "delete" -> {
        String key = key(arguments, 3, "delete");
        api.delete(kind, key, kind.revision(inForce(kind, key)));
        output.done("removed", kind.word(), key);
      }
      case "suspend", "resume", "throttle" -> {
        if (kind != RecordKind.TENANT) {
          throw new UsageException("only tenants can be told to " + action);
        }
        status(arguments, action);
      }
      default ->
          throw new UsageException(
              "admin " + kind.section() + " list | get KEY | put KEY field=value … | delete KEY");
    }
  }

  private void put(RecordKind kind, Arguments arguments) {
    String key = key(arguments, Integer.MAX_VALUE, "put");
    Optional<Message> present = Optional.ofNullable(api.list(kind).get(key));
    try {
      Message.Builder record = kind.edited(key, present);
      for (String word : arguments.words().subList(3, arguments.words().size())) {
        int equals = word.indexOf('=');
        if (equals < 1) {
          throw new UsageException(word + " (expected: field=value)");
        }
        FieldText.set(
            record, kind.declared(), word.substring(0, equals), word.substring(equals + 1));
      }
      Message wanted =
          present.isPresent() ? record.build() : kind.completed(record.build(), present);
      output.record(api.put(wanted, present.map(kind::revision).orElse(0L)));
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private void status(Arguments arguments, String action) {
    String tenant = key(arguments, action.equals("throttle") ? 4 : 3, action);
    output.record(
        switch (action) {
          case "suspend" ->
              api.service()
                  .suspendTenant(SuspendTenantRequest.newBuilder().setTenant(tenant).build())
                  .getTenant();
          case "resume" ->
              api.service()
                  .resumeTenant(ResumeTenantRequest.newBuilder().setTenant(tenant).build())
                  .getTenant();
          default ->
              api.service()
                  .throttleTenant(
                      ThrottleTenantRequest.newBuilder()
                          .setTenant(tenant)
                          .setShare(share(arguments))
                          .build())
                  .getTenant();
        });
  }

  private static double share(Arguments arguments) {
    words(arguments, 4, 4, "throttle TENANT SHARE");
    try {
      return Double.parseDouble(arguments.words().get(3));
    } catch (NumberFormatException e) {
      throw new UsageException(arguments.words().get(3) + " (expected: a share in (0, 1])");
    }
  }

  private void keys(Arguments arguments, String action) {
    switch (action) {
      case "list" -> {
        words(arguments, 2, 3, "list [TENANT]");
        String tenant = arguments.words().size() == 3 ? arguments.words().get(2) : "";
        output.keys(
            api.service()
                .listApiKeys(ListApiKeysRequest.newBuilder().setTenant(tenant).build())
                .getKeysList());
      }
      case "issue" -> {
        String tenant = key(arguments, 3, "issue");
        var issued =
            api.service()
                .issueApiKey(
                    IssueApiKeyRequest.newBuilder()
                        .setTenant(tenant)
                        .setNotAfterEpochS(until(arguments))
                        .build());
        output.secret(issued, issued.getSecret(), "key " + issued.getKey().getKeyId());
      }
      case "rotate" -> {
        String id = key(arguments, 3, "rotate");
        var rotated =
            api.service()
                .rotateApiKey(
                    RotateApiKeyRequest.newBuilder()
                        .setKeyId(id)
                        .setOverlapS(seconds(arguments.value("--overlap").orElse("0")))
                        .setNotAfterEpochS(until(arguments))
                        .build());
        output.secret(
            rotated,
            rotated.getSecret(),
            "key "
                + rotated.getKey().getKeyId()
                + "; key "
                + id
                + " ends at "
                + Instant.ofEpochSecond(rotated.getOld().getNotAfterEpochS()));
      }
      case "revoke" ->
          output.keys(
              List.of(
                  api.service()
                      .revokeApiKey(
                          RevokeApiKeyRequest.newBuilder()
                              .setKeyId(key(arguments, 3, "revoke"))
                              .setNotAfterEpochS(until(arguments))
                              .build())
                      .getKey()));
      default ->
          throw new UsageException(
              "admin keys list [TENANT] | issue TENANT | rotate KEY_ID | revoke KEY_ID");
    }
  }

  private void declared(Arguments arguments, boolean apply) {
    words(arguments, 2, 2, "FILE");
    Path file = directory.resolve(arguments.words().get(1));
    Map<RecordKind, Map<String, Message>> wanted;
    try (Reader text = Files.newBufferedReader(file)) {
      wanted = DeclaredFile.read(text);
    } catch (IOException e) {
      throw new UsageException(file + " cannot be read");
    } catch (IllegalArgumentException e) {
      throw new UsageException(file + ", " + e.getMessage());
    }
    Plan plan = Plan.of(wanted, api.list(wanted.keySet()), arguments.has("--prune"));
    output.plan(plan);
    if (!apply) {
      return;
    }
    int made = 0;
    try {
      for (Plan.Step step : plan.steps()) {
        api.make(step);
        made++;
      }
    } finally {
      output.applied(made, plan.steps().size());
    }
  }

  private Message inForce(RecordKind kind, String key) {
    Message record = api.list(kind).get(key);
    if (record == null) {
      throw Status.NOT_FOUND
          .withDescription(
              "no "
                  + kind.word()
                  + " "
                  + key
                  + "; ./cofferdam admin "
                  + kind.section()
                  + " list shows all")
          .asRuntimeException();
    }
    return record;
  }

  private static String key(Arguments arguments, int most, String action) {
    words(arguments, 3, most, action + " NAME");
    return arguments.words().get(2);
  }

  private static void words(Arguments arguments, int least, int most, String expected) {
    int count = arguments.words().size();
    if (count < least || count > most) {
      throw new UsageException(
          "admin " + arguments.words().get(0) + ": " + expected + " was expected");
    }
  }

  private static long until(Arguments arguments) {
    Optional<String> text = arguments.value("--until");
    try {
      return text.map(t -> Instant.parse(t).getEpochSecond()).orElse(0L);
    } catch (DateTimeException e) {
      throw new UsageException(
          "--until: " + text.orElseThrow() + " (expected: a time such as 2030-01-31T00:00:00Z)");
    }
  }

  private static long seconds(String text) {
    if (!text.matches("[0-9]{1,9}[smhd]?")) {
      throw new UsageException(
          "--overlap: " + text + " (expected: seconds, or a number with s, m, h or d)");
    }
    long unit =
        switch (text.charAt(text.length() - 1)) {
          case 'm' -> 60;
          case 'h' -> 3_600;
          case 'd' -> 86_400;
          default -> 1;
        };
    return Long.parseLong(text.replaceAll("[a-z]", "")) * unit;
  }
}
