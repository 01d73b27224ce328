package dev.cofferdam.local.services;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.local.process.StartFailedException;
import dev.cofferdam.local.services.ServicePrograms.Executable;
import dev.cofferdam.local.services.ServicePrograms.Jar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceProgramsTest {
  private static final Instant WRITTEN = Instant.parse("2026-03-01T12:00:00Z");

  @TempDir Path repository;
  @TempDir Path copies;

  @BeforeEach
  void build() throws IOException {
    for (ServiceKind kind : ServiceKind.values()) {
      file(kind.module() + "/target/quarkus-app/quarkus-run.jar", "jar", WRITTEN);
      file(kind.module() + "/src/main/java/App.java", "source", WRITTEN);
      file(kind.module() + "/pom.xml", "pom", WRITTEN);
    }
    file("proto/src/main/proto/a.proto", "source", WRITTEN);
    file("proto/pom.xml", "pom", WRITTEN);
  }

  @Test
  void runsAServiceFromACopyOfItsExecutableWhereItIsBuiltAndTheOthersOnTheJvm() throws IOException {
    executable(WRITTEN.plusSeconds(1));
    ServicePrograms programs = programs(Launch.NATIVE);
    programs.check();
    programs.copy();

    assertThat(programs.of("router"))
        .isInstanceOfSatisfying(
            Executable.class,
            router -> assertThat(router.file()).startsWith(copies).hasContent("program"));
    assertThat(programs.of("gateway")).isInstanceOf(Jar.class);
    assertThat(programs.of("worker-2")).isInstanceOf(Jar.class);
  }

  @Test
  void anExecutableOlderThanASourceOfTheServiceOrOfProtoIsNotRun() throws IOException {
    for (String source :
        List.of("router-svc/src/main/java/App.java", "proto/src/main/proto/a.proto")) {
      executable(WRITTEN.plusSeconds(1));
      file(source, "changed", WRITTEN.plusSeconds(2));

      assertThat(programs(Launch.NATIVE).of("router")).as(source).isInstanceOf(Jar.class);
      assertThatThrownBy(() -> programs(Launch.NATIVE).check())
          .isInstanceOf(StartFailedException.class)
          .hasMessageContaining("./cofferdam native");
      file(source, "as before", WRITTEN);
    }
  }

  @Test
  void anExecutableIsRunOnlyWhereThatIsAskedFor() throws IOException {
    executable(WRITTEN.plusSeconds(1));

    assertThat(programs(Launch.CACHED).of("router")).isInstanceOf(Jar.class);
  }

  @Test
  void anAotCacheBesideTheJarsIsUsedUnlessThePlainJvmIsAskedFor() throws IOException {
    file("audit-svc/target/quarkus-app/app.aot", "cache", WRITTEN);
    ServicePrograms programs = programs(Launch.CACHED);
    programs.copy();
    programs(Launch.JVM).copy();

    assertThat(flags(programs, "audit"))
        .contains("-XX:AOTCache=" + copies.resolve("audit/app.aot"));
    assertThat(flags(programs, "metering")).isEmpty();
    assertThat(flags(programs(Launch.JVM), "audit")).isEmpty();
  }

  @Test
  void aTrainingRunNotesWhatOneProcessOfEachServiceUses() {
    ServicePrograms programs = programs(Launch.RECORDING);

    assertThat(ServiceKind.processes(2))
        .filteredOn(process -> !flags(programs, process).isEmpty())
        .containsExactlyInAnyOrderElementsOf(AotTraining.processes())
        .hasSize(ServiceKind.values().length);
  }

  @Test
  void whatIsNotBuiltIsNamed() throws IOException {
    Files.delete(repository.resolve("worker-svc/target/quarkus-app/quarkus-run.jar"));

    assertThatThrownBy(() -> programs(Launch.CACHED).check())
        .isInstanceOf(StartFailedException.class)
        .hasMessageContaining("not built: worker-svc");
  }

  private static List<String> flags(ServicePrograms programs, String process) {
    return ((Jar) programs.of(process)).aotFlags();
  }

  private ServicePrograms programs(Launch launch) {
    return new ServicePrograms(repository, copies, launch);
  }

  private void executable(Instant built) throws IOException {
    Path file = file("router-svc/target/router-svc-1-runner", "program", built);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Path file(String name, String text, Instant written) throws IOException {
    Path file = repository.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return Files.setLastModifiedTime(file, FileTime.from(written));
  }
}
