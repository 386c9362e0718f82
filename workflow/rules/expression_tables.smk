from readsight.wiring.expression_tables import TablesWiring

tables = TablesWiring(project)


rule expression_import:
    """Bring a table of the user's own into the form that reads are counted to: samples × features, checked and described."""
    input:
        files=tables.files,
        sheet=tables.sheet(),
        metadata=tables.metadata(),
        genes=tables.genes(),
    output:
        data="<results>/expression/tables/{table}.h5ad",
        summary="<results>/expression/tables/{table}.summary.json",
    log:
        "<logs>/expression_import/{table}.log",
    benchmark:
        "<benchmarks>/expression_import/{table}.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 1
    resources:
        mem_mb=tables.room,
    params:
        code=code("expression_import"),
        spec=tables.spec,
    script:
        "../../scripts/expression_import.py"
