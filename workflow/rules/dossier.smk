from readsight.wiring.dossier import ROOT, DossierWiring

dossier = DossierWiring(
    project, [demo, reads, align, expression, tables, cohort, variants, compare, dataset, model, interpret, explain]
)


rule dossier_versions:
    """List the packages installed in an environment."""
    input:
        file=f"{ROOT}/envs/{{env}}.yaml",
    output:
        versions="<results>/dossier/versions/{env}.json",
    wildcard_constraints:
        env=one_of(dossier.environment_names()),
    params:
        code=hash_code("dossier_versions"),
    log:
        "<logs>/dossier_versions/{env}.log",
    benchmark:
        "<benchmarks>/dossier_versions/{env}.tsv"
    conda:
        "../../envs/{env}.yaml"
    threads: 1
    resources:
        mem_mb=mem(300),
    script:
        "../../scripts/dossier_versions.py"


rule dossier_config:
    """Record the config with all defaults, the samples, and the installed versions."""
    input:
        sheet=dossier.sample_sheet(),
        versions=dossier.version_files(),
    output:
        config=report(
            "<results>/dossier/config.html",
            caption="../report/config.rst",
            category="Provenance",
            labels={"what": "Config and samples"},
        ),
        versions=report(
            "<results>/dossier/versions.html",
            caption="../report/versions.rst",
            category="Provenance",
            labels={"what": "Versions used"},
        ),
        settings="<results>/dossier/config.yaml",
        table="<results>/dossier/versions.tsv",
    params:
        code=hash_code("dossier_config"),
        config=dossier.config_values(),
        release=dossier.read_version(),
        image=dossier.container_image(),
    log:
        "<logs>/dossier_config.log",
    benchmark:
        "<benchmarks>/dossier_config.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(300),
    script:
        "../../scripts/dossier_config.py"


rule dossier_summary:
    """Merge the results of all steps into summary.json, and show them as tables."""
    input:
        fragments=dossier.summaries(),
    output:
        summary="<results>/summary.json",
        html=report(
            "<results>/dossier/summary.html",
            caption="../report/summary.rst",
            category="Summary",
            labels={"what": "All results"},
        ),
    params:
        code=hash_code("dossier_summary"),
        project=project.config.project,
    log:
        "<logs>/dossier_summary.log",
    benchmark:
        "<benchmarks>/dossier_summary.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(300),
    script:
        "../../scripts/dossier_summary.py"


rule dossier_audit:
    """Check that each requested product of each sample exists and is not empty."""
    input:
        files=dossier.audit_inputs(),
    output:
        table="<results>/dossier/audit.tsv",
        html=report(
            "<results>/dossier/audit.html",
            caption="../report/audit.rst",
            category="Audit",
            labels={"what": "Requested and available products"},
        ),
    params:
        code=hash_code("dossier_audit"),
        expected=dossier.list_expected(),
        declined=dossier.list_declined(),
        project=project.config.project,
    log:
        "<logs>/dossier_audit.log",
    benchmark:
        "<benchmarks>/dossier_audit.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/dossier_audit.py"
