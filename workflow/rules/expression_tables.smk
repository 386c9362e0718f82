from readsight.wiring.expression_tables import TablesWiring

tables = TablesWiring(project)


rule expression_import:
    """Import a provided table into the form of counted reads: samples × features, checked and described."""
    input:
        files=tables.table_files,
        sheet=tables.sample_sheet(),
        metadata=tables.metadata_files(),
        genes=tables.gene_table(),
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
        mem_mb=tables.memory_mb,
    params:
        code=hash_code("expression_import"),
        spec=tables.import_spec,
    script:
        "../../scripts/expression_import.py"
